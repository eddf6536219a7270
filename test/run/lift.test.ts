import { expect, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import type { SegmentLift } from '../../src/report/lift.ts';
import { liftOf } from '../../src/run/lift.ts';
import { lastRun } from '../../src/run/state.ts';
import { openActiveShop } from './active-shop.ts';
import { sipHash } from './sip-hash.ts';
import { aBuyer, aCustomer, anOrder, openStage, type Shop } from './stage.ts';
import { tProbability } from './student.ts';

const stage = openStage();
const SEGMENT = 'lifecycle.active';
const FIRST = '2026-03-31';
const LATER = '2026-05-31';

function half(more: object = {}) {
  return [{ type: 'platform', audiences: [{ segment: SEGMENT, holdout: 0.5 }], ...more }];
}

/** A shop whose customers bought in March, and again in April for as much as `again` says; 0 is not at all. */
function opened(name: string, again: (held: boolean, index: number) => number, count = 40) {
  const people = Array.from({ length: count }, (_, index) => {
    const email = `buyer${index}@example.com`;
    const held = Number(sipHash(`${name}\n${SEGMENT}\nemail:${email}`)) / 2 ** 64 < 0.5;
    return { name: `buyer${index}`, email, held, spends: again(held, index) };
  });
  const { shop, platform } = openActiveShop(stage, { name, destinations: half() });
  const pages = people.map((person) => aBuyer(person.name));
  const march: Page = {
    orders: pages.flatMap(({ orders = [] }) => orders),
    customers: pages.flatMap(({ customers = [] }) => customers),
  };
  const april: Page = {
    orders: people
      .filter(({ spends }) => spends > 0)
      .map(({ email, spends }) =>
        anOrder({ email, goods: spends.toFixed(2), ordered_at: '2026-04-20T12:00:00.000Z' }),
      ),
  };
  return { shop, platform, people, march, april };
}

async function liftNow(shop: Shop): Promise<SegmentLift> {
  const last = await lastRun(stage.engine, shop.job.name, 'segmented');
  const { segments } = await liftOf(stage.engine, shop.job, last!);
  expect(segments).toHaveLength(1);
  return segments[0]!;
}

test('what both lots did since they entered, with the differences and their intervals as worked out by hand', async () => {
  const { shop, people, march, april } = opened('by-hand', (held, index) =>
    index % (held ? 4 : 2) === 0 ? 20 + (index % 7) * 5 : 0,
  );
  shop.holds(march);
  await shop.run(FIRST);
  shop.holds([march, april]);
  await shop.run(LATER);

  const lift = await liftNow(shop);

  const lots = [false, true].map((held) =>
    people.filter((person) => person.held === held).map((p) => p.spends),
  );
  const [treated, held_out] = lots.map((spent) => ({
    customers: spent.length,
    days: 61,
    buyers: spent.filter((one) => one > 0).length,
    repeat_rate: expect.closeTo(mean(spent.map((one) => Number(one > 0))), 10) as number,
    purchases: expect.closeTo(mean(spent.map((one) => Number(one > 0))), 10) as number,
  }));
  expect(lift).toMatchObject({ segment: SEGMENT, holdout: 0.5, since: FIRST, treated, held_out });
  expect(Number(lift.treated!.revenue)).toBeCloseTo(mean(lots[0]!), 3);
  expect(Number(lift.held_out!.revenue)).toBeCloseTo(mean(lots[1]!), 3);
  const { revenue, purchases, revenue_in_all } = lift.difference!;
  expectWelch(numbers(revenue), lots[0]!, lots[1]!, 3);
  const bought = lots.map((spent) => spent.map((one) => Number(one > 0)));
  expectWelch(numbers(purchases), bought[0]!, bought[1]!, 8);
  for (const bound of ['value', 'low', 'high'] as const) {
    const each = Number(revenue[bound]) * lots[0]!.length;
    expect(Math.abs(Number(revenue_in_all[bound]) - each)).toBeLessThan(0.01);
  }
});

test('everybody counts as what the lot made them, also when they leave the segment or withdraw their consent', async () => {
  const { shop, people, march, april } = opened('intention', () => 10, 20);
  const said = (email_consent: 'yes' | 'no', day: string): Page => ({
    customers: people.map(({ email }) =>
      aCustomer({ email, email_consent, updated_at: `${day}T00:00:00.000Z` }),
    ),
  });
  shop.change({ destinations: half({ consent: 'required' }) });
  shop.holds([march, said('yes', '2026-03-02')]);
  await shop.run(FIRST);
  shop.holds([march, april, said('no', '2026-04-02')]);
  const { audiences } = await shop.run('2027-05-31');

  const lift = await liftNow(shop);

  expect(audiences).toMatchObject([{ customers: 0, wanted: 0 }]);
  expect(lift.treated).toMatchObject({
    customers: people.filter(({ held }) => !held).length,
    repeat_rate: 1,
  });
  expect(lift.held_out).toMatchObject({
    customers: people.filter(({ held }) => held).length,
    repeat_rate: 1,
  });
  // Everybody did the same, so there is no spread to make an interval of means from.
  expect(lift.difference!.revenue).toEqual({ value: '0', low: null, high: null });
  expect(lift.difference!.repeat_rate.value).toBe(0);
  expect(lift.difference!.repeat_rate.high).toBeGreaterThan(0);
});

test('who was never wanted, and runs that send nothing, count for nothing', async () => {
  const { shop, people, march, april } = opened('wanted', () => 10, 20);
  shop.change({ destinations: half({ consent: 'required' }) });
  const consenting = new Set(people.slice(0, 10).map(({ email }) => email));
  const consent: Page = {
    customers: people.map(({ email }) =>
      aCustomer({
        email,
        email_consent: consenting.has(email) ? 'yes' : 'no',
        updated_at: '2026-03-02T00:00:00.000Z',
      }),
    ),
  };
  shop.holds([march, consent]);
  await shop.run('2026-03-15', { send: false });
  expect(await liftNow(shop)).toMatchObject({ since: null, treated: null, held_out: null, difference: null });
  await shop.run(FIRST);
  shop.holds([march, consent, april]);
  await shop.run(LATER);

  const lift = await liftNow(shop);

  expect(lift.since).toBe(FIRST);
  expect(lift.treated!.customers + lift.held_out!.customers).toBe(10);
});

test('a push that fails is no entry; the next one that works is', async () => {
  const { shop, platform, march } = opened('failing', () => 0, 20);
  shop.holds(march);
  platform.breaks = { after: 0, batch: 'taken' };
  await shop.run(FIRST);
  platform.breaks = undefined;
  await shop.run('2026-04-05');
  await shop.run('2026-04-15');

  expect(await liftNow(shop)).toMatchObject({
    since: '2026-04-05',
    treated: { days: 10 },
    held_out: { days: 10 },
  });
});

test('a customer who enters later is observed from then, one who changes their name is still the same', async () => {
  const { shop, march } = opened('renamed', () => 0, 20);
  shop.holds(march);
  await shop.run(FIRST);
  const late = aBuyer('late', { ordered_at: '2026-04-20T12:00:00.000Z' });
  const account = ['0', '1', '2', '3'].map((id) => ({
    orders: [
      anOrder({ email: `buyer${id}@example.com`, customer_id: id, ordered_at: '2026-05-02T12:00:00.000Z' }),
    ],
  }));
  shop.holds([march, late, ...account]);
  await shop.run('2026-04-30');
  await shop.run(LATER);

  const lift = await liftNow(shop);

  const arms = [lift.treated!, lift.held_out!];
  expect(arms.reduce((sum, { customers }) => sum + customers, 0)).toBe(21);
  expect(arms.reduce((sum, { buyers }) => sum + buyers, 0)).toBe(4);
  const days = arms.reduce((sum, { customers, days }) => sum + customers * days, 0);
  expect(days).toBeCloseTo(20 * 61 + 31, 6);
});

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function variance(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + (one - mean(numbers)) ** 2, 0) / (numbers.length - 1);
}

function numbers({ value, low, high }: Record<'value' | 'low' | 'high', unknown>) {
  return { value: Number(value), low: Number(low), high: Number(high) };
}

/** Welch's interval by his formulas: its half width over the standard error is the 97.5 % point of t. */
function expectWelch(
  found: ReturnType<typeof numbers>,
  a: readonly number[],
  b: readonly number[],
  digits: number,
) {
  const [u, v] = [variance(a) / a.length, variance(b) / b.length];
  const freedom = (u + v) ** 2 / (u ** 2 / (a.length - 1) + v ** 2 / (b.length - 1));
  expect(found.value).toBeCloseTo(mean(a) - mean(b), digits);
  expect((found.low + found.high) / 2).toBeCloseTo(found.value, digits);
  expect(tProbability((found.high - found.value) / Math.sqrt(u + v), freedom)).toBeCloseTo(0.975, 4);
}
