import type { Changes, Order, Person } from './world.ts';

/** What could be known of the shop at some moment. */
export type Knowledge = { orders: ReadonlyMap<string, Order>; people: ReadonlyMap<string, Person> };

const LABELS = ['Top', 'Active', 'At risk', 'Lost'] as const;
type Label = (typeof LABELS)[number];

export type Customer = { email: string; consent: boolean; label: Label; revenue: number; lately: number };

const DAY_MS = 86_400_000;
const [AT_RISK_AFTER, LOST_AFTER, YEAR, TOP_SHARE] = [90, 365, 365, 0.1];

export function learn(known: Knowledge, changes: Changes): Knowledge {
  const orders = new Map(known.orders);
  const people = new Map(known.people);
  for (const order of changes.orders) orders.set(order.id, order);
  for (const person of changes.people) people.set(person.email, person);
  return { orders, people };
}

export const NOTHING: Knowledge = { orders: new Map(), people: new Map() };

/** Everybody who has bought by the end of a day, and where they belong, by the definition of the lifecycle. */
export function customersOn(day: string, { orders, people }: Knowledge): Customer[] {
  const age = (order: Order) => (Date.parse(day) - Date.parse(order.day)) / DAY_MS;
  const kept = [...orders.values()].filter((order) => age(order) >= 0 && order.refunded < order.goods);
  const sum = (some: readonly Order[]) =>
    some.reduce((cents, { goods, refunded }) => cents + goods - refunded, 0);
  const buyers = [...Map.groupBy(kept, ({ email }) => email)].map(([email, bought]) => ({
    email,
    consent: people.get(email)?.consent === 'yes',
    days: Math.min(...bought.map(age)),
    revenue: sum(bought),
    lately: sum(bought.filter((order) => age(order) < YEAR)),
  }));
  const better = (a: { lately: number; revenue: number }, b: typeof a) =>
    b.lately - a.lately || b.revenue - a.revenue;
  const warm = buyers.filter(({ days }) => days <= AT_RISK_AFTER).toSorted(better);
  const next = warm[Math.round(warm.length * TOP_SHARE)];
  return buyers.map(({ days, ...buyer }) => {
    const isTop = !next || better(buyer, next) < 0;
    const label: Label =
      days > LOST_AFTER ? 'Lost' : days > AT_RISK_AFTER ? 'At risk' : isTop ? 'Top' : 'Active';
    return { ...buyer, label };
  });
}

/** The audiences of each destination, and whether they ask for consent. */
export const AUDIENCES = {
  mailchimp: { labels: LABELS, asks: true },
  klaviyo: { labels: ['At risk'], asks: true },
  facebook: { labels: LABELS, asks: false },
  csv: { labels: LABELS, asks: false },
} as const;
export type DestinationName = keyof typeof AUDIENCES;

/** Who belongs in each audience of a destination, sorted. */
export function membersOf(type: DestinationName, customers: readonly Customer[]): Record<string, string[]> {
  const { labels, asks } = AUDIENCES[type];
  const members = (label: Label) =>
    customers.filter((one) => one.label === label && (one.consent || !asks)).map(({ email }) => email);
  return Object.fromEntries(labels.map((label) => [label, members(label).toSorted()]));
}

/** What is told of each segment. */
export function figuresOf(customers: readonly Customer[]) {
  return LABELS.map((label) => {
    const mine = customers.filter((one) => one.label === label);
    const consented = mine.filter(({ consent }) => consent).length;
    return {
      segment: `lifecycle.${label.toLowerCase().replace(' ', '_')}`,
      customers: mine.length,
      revenue_12m: mine.reduce((cents, { lately }) => cents + lately, 0),
      consented,
      reachable: { mailchimp: consented, klaviyo: consented, facebook: mine.length, csv: mine.length },
    };
  });
}
