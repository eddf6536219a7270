import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { jobText, openShop, REFERENCE } from './shop.ts';

const EXPORT = join(REFERENCE, 'shopify-export', 'orders_export.csv');
const CALIBRATION = ['--as-of', '1997-09-30'];

type Reference = {
  models: Record<string, { reference: { params: Record<string, number>; log_likelihood: number } }>;
};

test.skipIf(!existsSync(EXPORT))(
  'the CDNOW export gives the published model and the reference scores',
  async () => {
    const shop = await openShop();
    const lines = 'segments: { lifecycle: { model: bg_nbd, horizon: 273d }, value_engagement: {} }';
    await shop.write('job.yaml', jobText(EXPORT, { lines }));
    const { models } = JSON.parse(
      await readFile(join(REFERENCE, 'cdnow', 'expected_parameters.json'), 'utf8'),
    ) as Reference;
    const { params, log_likelihood } = models.bgnbd!.reference;

    const { model, segments, customers } = await shop.json('plan', 'job.yaml', ...CALIBRATION);

    expect(model).toMatchObject({
      name: 'bg_nbd',
      customers: 2357,
      fallback: null,
      value: { name: 'gamma_gamma' },
    });
    for (const [name, value] of Object.entries(params))
      expect(model.parameters[name]! / value).toBeCloseTo(1, 4);
    expect(Math.abs(model.log_likelihood! - log_likelihood)).toBeLessThan(1e-4);
    const lifecycle = segments.filter(({ segment }) => segment.startsWith('lifecycle'));
    expect(lifecycle.reduce((sum, segment) => sum + segment.customers, 0)).toBe(customers);
    for (const { mean_clv_12m } of lifecycle.filter((segment) => segment.customers > 0)) {
      expect(Number(mean_clv_12m)).toBeGreaterThan(0);
    }

    const scores = new Map(
      (await exportedRows(shop.folder, shop.cli)).map((row) => [row.email!.slice(8, 12), row]),
    );
    const expected = parse<Record<string, string>>(
      await readFile(join(REFERENCE, 'cdnow', 'expected_customers.csv')),
      {
        columns: true,
      },
    );
    expect(expected).toHaveLength(2357);
    for (const row of expected) {
      const found = scores.get(row.customer_id!)!;
      for (const [ours, theirs] of COLUMNS) {
        const error = Math.abs(Number(found[ours]) - Number(row[theirs]));
        const rounding = ours === 'clv_12m' ? 0.000_051 : 0;
        expect(error, `${row.customer_id} ${ours}`).toBeLessThan(1e-8 * Number(row[theirs]) + rounding);
      }
    }
  },
);

/** Ours, and the reference's; money is kept to four decimals here. */
const COLUMNS = [
  ['p_alive', 'p_alive'],
  ['expected_purchases', 'expected_purchases_39w'],
  ['expected_order_value', 'expected_average_value'],
  ['clv_12m', 'clv_12m'],
] as const;

async function exportedRows(folder: string, cli: (...args: string[]) => Promise<unknown>) {
  const out = join(folder, 'scores.csv');
  await cli('export', 'job.yaml', '--out', out);
  return parse<Record<string, string>>(await readFile(out), { columns: true });
}
