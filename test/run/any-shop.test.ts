import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AS_OF, SETTINGS, shops } from './any-records.ts';
import { inUnits, recount } from './recount.ts';
import { openStage, type Profile } from './stage.ts';

const stage = openStage();
const RATES = { EUR: '1', RON: '0.2013' };

function counted({ customer, orders, purchase_days, first_order, last_order, last_visit, ...rest }: Profile) {
  const { days_since_order, days_since_active, revenue, revenue_12m } = rest;
  const days = { first_order, last_order, last_visit, days_since_order, days_since_active };
  const money = { revenue: inUnits(revenue), revenue_12m: inUnits(revenue_12m) };
  return { customer, orders, purchase_days, ...days, ...money };
}

test('any shop is counted as plain arithmetic counts it, whatever order its rows come in', async () => {
  await fc.assert(
    fc.asyncProperty(shops, async (records) => {
      const [atOnce, oneByOne] = [stage.shop(SETTINGS), stage.shop(SETTINGS)];
      atOnce.holds(records);
      oneByOne.holds([
        { events: records.events },
        ...records.orders.toReversed().map((order) => ({ orders: [order] })),
        { refunds: records.refunds.toReversed() },
      ]);

      for (const shop of [atOnce, oneByOne]) {
        const source = shop.job.sources[0]!.key;
        const { customers } = await shop.profile(AS_OF);
        const expected = recount(records, {
          source,
          as_of: AS_OF,
          timezone: SETTINGS.timezone,
          rates: RATES,
        });
        expect(customers.map(counted)).toEqual(expected);
      }
    }),
    { numRuns: 6 },
  );
});
