import type { Random } from '../../config/sample/generator/random.ts';

/** An order as the shop knows it now; money in cents. */
export type Order = { id: string; email: string; day: string; goods: number; refunded: number };

export type Person = { email: string; consent: 'yes' | 'no'; changed: string };

/** What changes at the shop on a day: rows that its export has anew, and what people said of e-mails. */
export type Changes = { orders: Order[]; people: Person[] };

export type World = { history: Changes; days: Changes[]; emails: string[] };

const DAY_MS = 86_400_000;

export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * A shop of some hundred buyers: most are lost, some grow cold in these days, and each day a few come back, are new,
 * get money back, change their address, or take their consent back or give it.
 * @param first the day before the first of the story
 */
export function openWorld(random: Random, first: string, days: number): World {
  const orders = new Map<string, Order>();
  const people = new Map<string, Person>();
  let made = 0;

  const order = (email: string, day: string): Order => {
    made += 1;
    const placed = { id: `#${made}`, email, day, goods: random.whole(1_000, 900_000), refunded: 0 };
    orders.set(placed.id, placed);
    return placed;
  };
  const say = (email: string, day: string, consent: Person['consent']): Person => {
    const person = { email, consent, changed: day };
    people.set(email, person);
    return person;
  };
  const join = (email: string, day: string) => say(email, day, random.chance(0.85) ? 'yes' : 'no');
  const someone = () => random.pick([...people.keys()]);
  const ordersOf = (email: string) => [...orders.values()].filter((one) => one.email === email);

  for (let buyer = 0; buyer < 240; buyer += 1) {
    const email = `buyer${buyer}@example.com`;
    // Around the limits of 90 and 365 days, so that every day some people move.
    const age = random.pick([
      random.whole(0, 95),
      random.whole(85, 100),
      random.whole(100, 364),
      random.whole(355, 700),
    ]);
    const day = dayAfter(first, -age);
    join(email, day);
    order(email, day);
    if (random.chance(0.3)) order(email, dayAfter(day, -random.whole(1, 300)));
  }
  const history = { orders: [...orders.values()].map((one) => ({ ...one })), people: [...people.values()] };

  const changes = Array.from({ length: days }, (_, index): Changes => {
    const day = dayAfter(first, index + 1);
    const touched = new Map<string, Order>();
    const touch = (one: Order) => touched.set(one.id, one);
    const said = new Map<string, Person>();
    for (let count = random.whole(3, 9); count > 0; count -= 1) touch(order(someone(), day));
    for (let count = random.whole(1, 4); count > 0; count -= 1) {
      const email = `new${index}-${count}@example.com`;
      said.set(email, join(email, day));
      touch(order(email, day));
    }
    for (let count = random.whole(1, 3); count > 0; count -= 1) {
      const one = random.pick([...orders.values()]);
      one.refunded = random.chance(0.4) ? one.goods : Math.floor(one.goods / random.whole(2, 5));
      touch(one);
    }
    for (let count = random.whole(1, 2); count > 0; count -= 1) {
      const old = someone();
      const moved = ordersOf(old);
      const email = `moved${index}-${count}@example.com`;
      said.set(email, say(email, day, people.get(old)!.consent));
      for (const one of moved) touch(Object.assign(one, { email }));
    }
    for (let count = random.whole(2, 4); count > 0; count -= 1) {
      const email = someone();
      said.set(email, say(email, day, people.get(email)!.consent === 'yes' ? 'no' : 'yes'));
    }
    return { orders: [...touched.values()].map((one) => ({ ...one })), people: [...said.values()] };
  });
  return { history, days: changes, emails: [...people.keys()] };
}

const HEADER = 'Name,Email,Financial Status,Currency,Subtotal,Total,Refunded Amount,Created at,Notes';

/** Rows as Shopify exports them. */
export function exportOf(orders: readonly Order[]): string {
  const rows = orders.map(({ id, email, day, goods, refunded }) => {
    const state = refunded === 0 ? 'paid' : refunded === goods ? 'refunded' : 'partially_refunded';
    return [
      id,
      email,
      state,
      'EUR',
      money(goods),
      money(goods),
      money(refunded),
      `${day} 12:00:00 +0000`,
      'by web',
    ];
  });
  return [HEADER, ...rows.map((row) => row.join(',')), ''].join('\n');
}

function money(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** The shop's list of people, with what they said of e-mails. */
export function listOf(people: readonly Person[]): string {
  const rows = people.map(({ email, consent, changed }) => `${email},${consent},${changed}T01:00:00Z`);
  return ['email,marketing,updated', ...rows, ''].join('\n');
}

/** The shop's job, due at every full hour. */
export const JOB = `name: chaos
schedule: '0 * * * *'
timezone: UTC
currency: EUR
guard: { max_removed_share: 1, max_added_share: 1000, min_members: 0 }
sources:
  - { type: csv, format: shopify, path: '../orders-*.csv' }
  - type: csv
    records: customers
    path: ../people.csv
    columns: { email: email, accepts_marketing: marketing, updated_at: updated }
segments: { lifecycle: { model: recency, at_risk_after: 90d, lost_after: 365d } }
destinations:
  - type: mailchimp
    api_key: sandbox-us1
    list_id: sandbox
    base_url: '\${SANDBOX_URL}'
    audiences: [{ segment: lifecycle.* }]
  - type: klaviyo
    api_key: sandbox
    base_url: '\${SANDBOX_URL}'
    audiences: [{ segment: lifecycle.at_risk }]
  - type: facebook
    access_token: sandbox
    ad_account_id: act_1
    base_url: '\${SANDBOX_URL}'
    consent: ignore
    audiences: [{ segment: lifecycle.* }]
  - type: csv
    path: ../out
    consent: ignore
    audiences: [{ segment: lifecycle.* }]
`;
