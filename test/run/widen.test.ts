import { describe, expect, test } from 'vitest';
import type { Customer, Page } from '../../connectors/index.ts';
import { keys } from './active-shop.ts';
import { openLivingShop } from './living-platform.ts';
import { sipHash } from './sip-hash.ts';
import { aBuyer, aCustomer, anOrder, openStage, type ShopSettings } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

/**
 * Two who bought lately, for 100 and 200, of a mean of 150; and customers of before: two who spent more than that, one
 * who spent exactly that, and four who spent less. Tiers are cut by what is spent in twelve months, at 50 and 90.
 */
const SPENT: Record<string, { amount: string; month: string }> = {
  new1: { amount: '100.00', month: '2026-03' },
  new2: { amount: '200.00', month: '2026-03' },
  much1: { amount: '151.00', month: '2024-01' },
  much2: { amount: '500.00', month: '2024-01' },
  mean: { amount: '150.00', month: '2024-01' },
  high: { amount: '91.00', month: '2025-08' },
  medium1: { amount: '90.00', month: '2025-08' },
  medium2: { amount: '50.00', month: '2025-08' },
  low: { amount: '49.00', month: '2025-08' },
};
const SEGMENTS = {
  lifecycle: { model: 'recency', at_risk_after: '90d', lost_after: '365d', top_share: 0 },
  value_tier: { cuts: 'absolute', at: [50, 90] },
};
const OF_SEGMENT = ['new1', 'new2'];
const BIG = [...OF_SEGMENT, 'much1', 'much2'];
const HIGH = [...BIG, 'high'];
const MEDIUM = [...HIGH, 'medium1', 'medium2'];

function openShop(
  least: number,
  settings: ShopSettings = {},
  customer: (name: string) => Partial<Customer> = () => ({}),
) {
  const { shop, platform, keeps } = openLivingShop(stage, { segments: SEGMENTS, ...settings });
  keeps([{ segment: 'lifecycle.active', least }], { consent: 'not_refused' });
  const pages = Object.entries(SPENT).map(([name, { amount, month }]): Page =>
    aBuyer(name, { goods: amount, ordered_at: `${month}-05T12:00:00.000Z` }, customer(name)),
  );
  shop.holds(pages);
  return { shop, platform, keeps };
}

describe('an audience that needs more members than its segment has is widened', () => {
  test.each([
    { least: 2, rung: 'by nobody where the segment is enough', members: OF_SEGMENT, by: null },
    { least: 3, rung: 'by customers who spent more than the mean of the segment', members: BIG, by: 1 },
    { least: 4, rung: 'by those alone as long as they are enough', members: BIG, by: 1 },
    { least: 5, rung: 'then by the value tier high', members: HIGH, by: 2 },
    { least: 6, rung: 'then by the value tier medium', members: MEDIUM, by: 3 },
    { least: 7, rung: 'by the value tier medium as far as it goes', members: MEDIUM, by: 3 },
  ])('$rung: $least', async ({ least, members, by }) => {
    const { shop, platform } = openShop(least);

    const planned = await shop.run(AS_OF, { send: false });
    const { audiences, warnings } = await shop.run(AS_OF);

    expect(platform.members('Active')).toEqual(keys(members).toSorted());
    const counted = { customers: 2, wanted: members.length };
    expect(planned.audiences).toMatchObject([{ ...counted, to_add: members.length }]);
    if (by === null) {
      expect(audiences).toMatchObject([{ ...counted, widening: null }]);
      expect(warnings).not.toContainEqual(expect.stringContaining('widened'));
      return;
    }
    const steps = [
      'customers who spent more than 150.00 EUR, the mean revenue of 12 months of lifecycle.active',
      'the value tier high',
      'the value tier medium',
    ];
    expect(audiences).toMatchObject([
      { ...counted, widening: { least, of_segment: 2, by: steps.slice(0, by), skipped: null } },
    ]);
    expect(warnings).toContainEqual(expect.stringContaining(`widened to ${members.length} by`));
  });

  test('by nobody where everybody would be too few, and says so', async () => {
    const { shop, platform } = openShop(8);

    const { audiences, warnings } = await shop.run(AS_OF);

    expect(platform.members('Active')).toEqual(keys(OF_SEGMENT));
    const skipped = expect.stringContaining('there would be 7 members') as string;
    expect(audiences).toMatchObject([{ wanted: 2, widening: { least: 8, of_segment: 2, by: [], skipped } }]);
    expect(warnings).toContainEqual(skipped);
  });

  test('by nobody where its segment is empty', async () => {
    const { shop, platform, keeps } = openShop(3);
    keeps([{ segment: 'lifecycle.top', least: 3 }]);

    const { audiences } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([
      { wanted: 0, widening: { by: [], skipped: expect.stringContaining('nobody') } },
    ]);
    expect(platform.requests).toEqual([]);
  });

  test('only by customers who may be sent', async () => {
    const { shop, platform } = openShop(3, {}, (name) => ({
      email_consent: name === 'much1' ? 'no' : 'yes',
    }));

    const { audiences } = await shop.run(AS_OF);

    const members = BIG.filter((name) => name !== 'much1');
    expect(platform.members('Active')).toEqual(keys(members).toSorted());
    expect(audiences).toMatchObject([{ customers: 2, wanted: 3, without_consent: 0 }]);
  });

  test('and shrinks back once its segment is enough', async () => {
    const { shop, platform, keeps } = openShop(3);
    await shop.run(AS_OF);
    keeps([{ segment: 'lifecycle.active', least: 2 }], { consent: 'not_refused' });

    const { audiences } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ removed: 2, wanted: 2, widening: null }]);
    expect(platform.members('Active')).toEqual(keys(OF_SEGMENT));
  });

  test('and tells of those who were added what it tells of all its members', async () => {
    const { shop, platform, keeps } = openShop(5);
    platform.definition.columns = ['email', 'city'];
    keeps([{ segment: 'lifecycle.active', least: 5 }], { consent: 'not_refused' });
    await shop.run(AS_OF);

    const again = await shop.run(AS_OF);
    shop.holds({ customers: [aCustomer({ email: 'high@example.com', city: 'Cluj' })] });
    const moved = await shop.run(AS_OF);

    expect(again.audiences).toMatchObject([{ wanted: 5, to_update: 0 }]);
    expect(moved.audiences).toMatchObject([{ wanted: 5, to_update: 1 }]);
  });
});

test('the mean is that of the predicted value where there is a model', async () => {
  const { shop, platform, keeps } = openLivingShop(stage, { segments: { lifecycle: {} } });
  keeps([{ segment: 'lifecycle.at_risk', least: 70 }]);
  const orders = Array.from({ length: 200 }, (_, index) =>
    Array.from({ length: 1 + (index % 5) }, (_, turn) =>
      anOrder({
        email: `c${index}@example.com`,
        goods: `${5 + index}.00`,
        ordered_at: new Date(Date.UTC(2025, 11, 1 + 20 * turn + ((index * 7 + turn * 3) % 17))).toISOString(),
      }),
    ),
  );
  const customers = orders.map(([first]) => aCustomer({ email: first!.email }));
  shop.holds({ orders: orders.flat(), customers });

  const { audiences, model, segments } = await shop.run(AS_OF);

  expect(model.name).toBe('mbg_nbd');
  const [{ widening, wanted }] = audiences as [(typeof audiences)[number]];
  const segment = segments.find(({ segment }) => segment === 'lifecycle.at_risk')!;
  const mean = Number(segment.mean_clv_12m);
  expect(segment.customers).toBeLessThan(70);
  expect(widening!.by).toEqual([
    `customers who spent more than ${mean.toFixed(2)} EUR, the mean CLV of lifecycle.at_risk`,
  ]);
  const spentMore = orders.flatMap(([first, ...more]) =>
    Number(first!.goods) * (1 + more.length) > mean ? [`email:${first!.email}`] : [],
  );
  expect(platform.members('At risk')).toEqual(expect.arrayContaining(spentMore));
  expect(wanted).toBeLessThanOrEqual(spentMore.length + segment.customers);
});

test('a holdout keeps its customers out of the widened audience too, and who widened it entered no segment', async () => {
  const name = 'seeded';
  const { shop, platform, keeps } = openShop(1, { name });
  const out = keys(MEDIUM).filter(
    (key) => Number(sipHash(`${name}\nlifecycle.active\n${key}`)) / 2 ** 64 < 0.5,
  );
  const sent = keys(MEDIUM).filter((key) => !out.includes(key));
  keeps([{ segment: 'lifecycle.active', least: sent.length, holdout: 0.5 }]);

  const { audiences } = await shop.run(AS_OF);

  expect(out.length).toBeGreaterThan(0);
  expect(sent.length).toBeGreaterThan(2);
  expect(platform.members('Active')).toEqual(sent.toSorted());
  const held_out = keys(OF_SEGMENT).filter((key) => out.includes(key)).length;
  expect(audiences).toMatchObject([{ customers: 2, held_out, wanted: sent.length }]);
  const entered = await stage.engine.query<{ customer: string }>(
    'SELECT DISTINCT customer FROM holdout_entries WHERE job = {job:String} ORDER BY customer',
    { job: name },
  );
  expect(entered.map(({ customer }) => customer)).toEqual(keys(OF_SEGMENT));
});
