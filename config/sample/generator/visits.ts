import { DAYS, DAY, FIRST_DAY } from './calendar.ts';
import type { Customer } from './customers.ts';
import type { Random } from './random.ts';
import { PRODUCTS } from './catalogue.ts';

const PAGES = ['/', '/collections/shoes', '/collections/sale', '/blogs/trails', ...PRODUCTS.map(pageOf)];

/** Visits of the last twelve months, known for a third of the customers; some look around long after their last order. */
export function drawVisits(random: Random, customers: readonly Customer[]): Record<string, string>[] {
  const visits = customers.flatMap((customer) => {
    if (!customer.email || !random.chance(0.34)) return [];
    return visitDays(random, customer).map((day) => ({
      at: FIRST_DAY + day * DAY + random.whole(6 * 3600, 20 * 3600) * 1000,
      email: customer.email!,
      page: random.pick(PAGES),
    }));
  });
  return visits
    .sort((a, b) => a.at - b.at)
    .map(({ at, email, page }, index) => ({
      visit_id: `v${10_001 + index}`,
      visited_at: new Date(at).toISOString().replace('.000Z', 'Z'),
      email,
      page,
    }));
}

function visitDays(random: Random, customer: Customer): number[] {
  const around = customer.days.flatMap((day) => [day - random.whole(0, 9), day]);
  const sinceFirst = random.whole(customer.days[0]!, DAYS - 1);
  const idle = Array.from({ length: random.whole(0, 6) }, () => random.whole(sinceFirst, DAYS - 1));
  return [...around, ...idle].filter((day) => day >= DAYS - 365);
}

function pageOf({ title }: { title: string }): string {
  return `/products/${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}
