import { expect, test } from 'vitest';
import type { Customer, Event, Page } from '../../../connectors/index.ts';
import { aBuyer, aLine, aVisit, openStage } from '../../run/stage.ts';
import type { WrittenRule } from './rules.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

type Somebody = {
  customer?: Partial<Customer>;
  /** Day of the only order, worth 10.00. */
  bought?: string;
  lines?: { category?: string; quantity?: string; net?: string }[];
  events?: Partial<Event>[];
};

/** @returns for each rule the people it holds for, in the order they are given in */
async function whoFits(people: Record<string, Somebody>, rules: Record<string, WrittenRule>) {
  const names = Object.keys(rules).map((_, index) => `rule_${index}`);
  const shop = stage.shop({
    sources: [{ type: 'memory', name: Object.keys(rules)[0]!, extra: ['age', 'likes', 'joined'] }],
    segments: { custom: Object.values(rules).map((where, index) => ({ name: names[index], where })) },
  });
  shop.holds(Object.entries(people).map(([name, one]) => pageOf(name, one)));
  const { run_id } = await shop.run(AS_OF, { send: false });
  const found = await stage.engine.query<{ who: string; segments: string[] }>(
    `SELECT replaceRegexpAll(customer, '^email:|@.*$', '') AS who, segments FROM assignments
     WHERE job = {job:String} AND run_id = {run_id:String}`,
    { job: shop.job.name, run_id },
  );
  const fits = (name: string) =>
    Object.keys(people).filter((who) =>
      found.some((row) => row.who === who && row.segments.includes(`custom.${name}`)),
    );
  return Object.fromEntries(Object.keys(rules).map((rule, index) => [rule, fits(names[index]!).join(' ')]));
}

function pageOf(name: string, { customer, bought = AS_OF, lines = [], events = [] }: Somebody): Page {
  const page = aBuyer(name, { ordered_at: `${bought}T12:00:00.000Z` }, customer);
  const email = `${name}@example.com`;
  return {
    ...page,
    lines: lines.map((line) => aLine(page.orders![0]!, line)),
    events: events.map((event) => aVisit({ email, ...event })),
  };
}

const field = (name: string, asked: WrittenRule) => ({ field: name, ...asked });

test('what is unknown meets no condition but is_not and known: false, and whatever is turned round by not', async () => {
  const people = {
    ro: { customer: { country: 'RO', service_cost: '5' } },
    de: { customer: { country: 'DE' } },
    nil: {},
  };

  expect(
    await whoFits(people, {
      is: field('country', { is: 'ro' }),
      is_not: field('country', { is_not: 'RO' }),
      not_is: { not: field('country', { is: 'RO' }) },
      known: field('country', { known: true }),
      unknown: field('country', { known: false }),
      more: field('service_cost', { at_least: 0 }),
      not_more: { not: field('service_cost', { at_least: 0 }) },
      both: field('service_cost', { is_not: 4, at_most: 5 }),
      consent: field('email_consent', { is: 'unknown' }),
    }),
  ).toEqual({
    is: 'ro',
    is_not: 'de nil',
    not_is: 'de nil',
    known: 'ro de',
    unknown: 'nil',
    more: 'ro',
    not_more: 'de nil',
    both: 'ro',
    consent: 'ro de nil',
  });
});

test("days are counted back from the run's own day, which is the first", async () => {
  const people = { today: {}, first: { bought: '2026-03-02' }, before: { bought: '2026-03-01' } };

  expect(
    await whoFits(people, {
      within: field('last_order', { within: '30d' }),
      older: field('last_order', { older_than: '30d' }),
      next: field('last_order', { within_next: '1d' }),
      until: field('last_order', { before: '2026-03-02' }),
      since: field('last_order', { after: '2026-03-02' }),
      bought: { bought: { within: '30d' } },
      bought_until: { bought: { before: '2026-03-02' } },
    }),
  ).toEqual({
    within: 'today first',
    older: 'before',
    next: 'today',
    until: 'before',
    since: 'today',
    bought: 'today first',
    bought_until: 'before',
  });
});

test('extra columns are texts, and numbers, lists and days where they can be read so', async () => {
  const extra = (age: string, likes: string, joined: string) => ({
    customer: { extra: { age, likes, joined } },
  });
  const people = {
    ana: extra(' 34.0 ', 'Sport ,  music', '2026-03-15T08:00:00Z'),
    bo: extra('1e2', 'sports', '2026-02-30'),
    cy: extra('unsaid', 'art', '15/03/2026'),
    di: {},
  };

  expect(
    await whoFits(people, {
      number: field('extra.age', { is: 34 }),
      text: field('extra.age', { is: '34.0' }),
      above: field('extra.age', { above: -1 }),
      has: field('extra.likes', { has: ['MUSIC', 'sport'] }),
      part: field('extra.likes', { contains: 'sport' }),
      day: field('extra.joined', { within: '60d' }),
      known: field('extra.joined', { known: true }),
    }),
  ).toEqual({
    number: 'ana',
    text: 'ana',
    above: 'ana',
    has: 'ana',
    part: 'ana bo',
    day: 'ana',
    known: 'ana bo cy',
  });
});

test('purchases are counted by order, and by line where a product is named', async () => {
  const people = {
    pair: {
      lines: [
        { category: 'Shoes', net: '4.00' },
        { category: 'SHOES', net: '6.00' },
      ],
    },
    three: {
      lines: [
        { category: 'shoes', quantity: '3', net: '1.00' },
        { category: 'Hats', net: '9.00' },
      ],
    },
    whole: {},
  };

  expect(
    await whoFits(people, {
      anything: { bought: {} },
      shoes: { bought: { category: 'shoes' } },
      twice: { bought: { category: 'Shoes', at_least: 2 } },
      pieces: { bought: { category: 'Shoes', quantity_at_least: 3 } },
      any_pieces: { bought: { quantity_at_least: 2 } },
      spent: { bought: { category: ['Shoes'], spent_at_least: '10' } },
      spent_in_all: { bought: { spent_at_least: 10 } },
      never: { bought: { category: 'Shoes', at_most: 0 } },
      not_bought: { not: { bought: { category: 'Shoes' } } },
    }),
  ).toEqual({
    anything: 'pair three whole',
    shoes: 'pair three',
    twice: '',
    pieces: 'three',
    any_pieces: 'pair three',
    spent: 'pair',
    spent_in_all: 'pair three whole',
    never: 'whole',
    not_bought: 'whole',
  });
});

test('lines in another currency are worth what they are in that of the job', async () => {
  const shop = stage.shop({
    exchange_rates: { RON: '0.2' },
    segments: {
      custom: [5, 5.01].map((spent, index) => ({
        name: `over_${index}`,
        where: { bought: { category: 'Shoes', spent_at_least: spent } },
      })),
    },
  });
  const page = aBuyer('ana', { currency: 'RON', goods: '25.00' });
  shop.holds({ ...page, lines: [aLine(page.orders![0]!, { category: 'Shoes', net: '25.00' })] });

  const { segments } = await shop.run(AS_OF, { send: false });

  expect(segments.map(({ customers }) => customers)).toEqual([1, 0]);
});
