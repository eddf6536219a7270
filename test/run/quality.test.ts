import { describe, expect, test } from 'vitest';
import { aBuyer, anOrder, aVisit, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

/** An order on each of so many days up to the first of March. */
function daily(days: number) {
  return Array.from({ length: days }, (_, index) =>
    anOrder({ ordered_at: new Date(Date.parse('2026-03-01T12:00:00Z') - index * 86_400_000).toISOString() }),
  );
}

describe('what every run says of its sources', () => {
  test('first and last order, orders per month, orders without an address, events, copies, rejected rows by reason', async () => {
    const shop = stage.shop();
    const twice = anOrder({ ordered_at: '2026-03-02T10:00:00Z' });
    shop.holds({
      orders: [
        anOrder({ ordered_at: '2026-01-05T10:00:00Z', email: '', customer_id: '7' }),
        anOrder({ ordered_at: '2026-01-31T23:30:00Z' }),
        twice,
        { ...twice, version: 2 },
        anOrder({ ordered_at: '2026-03-03T10:00:00Z', is_test: true }),
        anOrder({ ordered_at: '2026-04-01T10:00:00Z' }),
      ],
      events: [aVisit({ at: '2026-03-07T10:00:00Z' })],
      rejected: [
        { source: 'a.csv', line: 4, reason: 'the order has no amount' },
        { source: 'a.csv', line: 7, reason: 'the order has no number' },
        { source: 'a.csv', line: 9, reason: 'the order has no amount' },
      ],
    });

    const { pulled } = await shop.run(AS_OF);

    expect(pulled.sources).toEqual([
      {
        source: shop.job.sources[0]!.name,
        orders: 3,
        first_order: '2026-01-05',
        last_order: '2026-03-02',
        orders_by_month: [
          { month: '2026-01', orders: 2 },
          { month: '2026-03', orders: 1 },
        ],
        orders_without_email: 1,
        events: 1,
        first_event: '2026-03-07',
        last_event: '2026-03-07',
        repeated: 1,
        rejected: 3,
        reasons: [
          { reason: 'the order has no amount', rows: 2 },
          { reason: 'the order has no number', rows: 1 },
        ],
      },
    ]);
  });

  test('days are those of the zone of the job', async () => {
    const shop = stage.shop({ timezone: 'Europe/Bucharest' });
    shop.holds(aBuyer('ana', { ordered_at: '2026-02-28T22:30:00Z' }));

    const { pulled } = await shop.run(AS_OF);

    expect(pulled.sources).toMatchObject([{ first_order: '2026-03-01' }]);
  });

  test('a source that went silent, as of the date of the run', async () => {
    const shop = stage.shop();
    shop.holds({ orders: daily(30) });
    const told = async (as_of: string) => {
      const { warnings } = await shop.run(as_of, { send: false });
      return warnings.filter((text) => text.includes('silent'));
    };

    expect(await told('2026-03-04')).toEqual([]);
    expect(await told('2026-03-05')).toEqual([
      expect.stringMatching(/went silent: no order for 4 days, the longest gap before was 1;/),
    ]);
  });

  test('a source most of whose orders have no address', async () => {
    const shop = stage.shop();
    const known = daily(2);
    const others = daily(2).map((order) => ({ ...order, email: '', customer_id: '7' }));
    shop.holds({ orders: [...known, ...others] });

    const { warnings } = await shop.run(AS_OF, { send: false });

    expect(warnings).toContainEqual(expect.stringContaining(': 50 % of its orders have no e-mail address'));
  });

  test('two sources are told apart', async () => {
    const shop = stage.shop({ sources: ['old-shop', 'new-shop'] });
    shop.holds({ orders: daily(3) }, 'old-shop');
    shop.holds({ events: [aVisit()] }, 'new-shop');

    const { pulled } = await shop.run(AS_OF);

    expect(pulled.sources).toMatchObject([
      { source: 'old-shop', orders: 3, events: 0 },
      { source: 'new-shop', orders: 0, events: 1, first_order: null, orders_by_month: [] },
    ]);
  });
});
