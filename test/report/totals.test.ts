import { expect, test } from 'vitest';
import { totalsOf, type SegmentReport } from '../../src/report/statistics.ts';

function row(segment: string, revenue_12m: string, clv_12m: string | null): SegmentReport {
  return {
    segment,
    customers: 1,
    share: 0.5,
    revenue_12m,
    mean_clv_12m: clv_12m,
    clv_12m,
    mean_order_value: null,
    median_days_since_order: null,
    consented: 0,
    reachable: {},
  };
}

test('what all customers bring together is summed to the cent over one model, an empty segment beside', () => {
  const rows = [
    row('lifecycle.top', '99999999999.9900', '0.1'),
    row('lifecycle.active', '0.02', '0.2'),
    row('lifecycle.lost', '0', null),
    row('engagement.high', '1', '1'),
  ];

  expect(totalsOf(rows)).toEqual({ revenue_12m: '100000000000.01', clv_12m: '0.30' });
});

test('lists that a customer may be in twice, or in none of, sum up to nothing', () => {
  expect(totalsOf([row('custom.vip', '5', '5'), row('custom.shoes', '5', '5')])).toEqual({
    revenue_12m: null,
    clv_12m: null,
  });
});
