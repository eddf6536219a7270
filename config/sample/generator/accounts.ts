import type { Customer } from './customers.ts';
import type { Random } from './random.ts';

const SPORTS = ['hiking', 'trail running', 'climbing', 'everyday'];

/** What the shop knows of customers with an account, two of five: tags, costs, year of birth, favourite sport. */
export function drawAccounts(random: Random, customers: readonly Customer[]): Record<string, string>[] {
  return customers.flatMap((customer) => {
    const account = {
      email: customer.email ?? '',
      tags: ['club', 'student', 'guide'].filter((_, index) => random.chance(0.2 / (index + 1))).join(', '),
      birth_year: random.chance(0.7) ? String(random.whole(1948, 2006)) : '',
      sport: random.chance(0.6) ? random.pick(SPORTS) : '',
      ad_cost: random.chance(0.5) ? euros(random.whole(300, 2800)) : '',
      support_cost: euros(random.chance(0.3) ? random.whole(150, 1900) : 0),
    };
    return random.chance(0.4) && customer.email ? [{ ...account, changed: '2026-11-14' }] : [];
  });
}

function euros(cents: number): string {
  return (cents / 100).toFixed(2);
}
