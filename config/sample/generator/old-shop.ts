import { DAY, FIRST_DAY } from './calendar.ts';
import { csv } from './csv.ts';
import type { Customer } from './customers.ts';
import type { Random } from './random.ts';

/** Orders of another shop in a form of its own: semicolons, decimal commas, day before month. */
export function oldShopExport(random: Random, customers: readonly Customer[]): string {
  const orders = customers
    .filter(({ email }) => email)
    .slice(0, 120)
    .flatMap((customer) => customer.days.map((day) => ({ day, customer })))
    .sort((a, b) => a.day - b.day);
  const rows = orders.map(({ day, customer }, index) => ({
    nr: String(70_001 + index),
    client: customer.email!.replace(/^\D*(\d+)@.*$/, 'K$1'),
    mail: customer.email!,
    name: customer.name,
    datum: new Date(FIRST_DAY + day * DAY).toISOString().slice(0, 10).split('-').toReversed().join('.'),
    betrag: euros(random.whole(15, 260) * 100 + random.pick([0, 50, 90])),
  }));
  return csv(['nr', 'client', 'mail', 'name', 'datum', 'betrag'], rows, ';');
}

function euros(cents: number): string {
  return (cents / 100).toFixed(2).replace('.', ',');
}
