import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { MeanValues } from '../../../src/models/clv/gamma-gamma.ts';
import type { Histories } from '../../../src/models/clv/histories.ts';
import type { DropoutModel, History } from '../../../src/models/clv/purchase-model.ts';

const CDNOW = resolve('../shared/reference/cdnow');

/** The reference data lie beside the project, not in it: their owner states no licence. */
export const hasReference = existsSync(CDNOW);

export type ReferenceCustomer = History & {
  id: string;
  mean: number;
  holdout: number;
  expected: Record<string, number>;
};

export function readTable(name: string): Record<string, string>[] {
  const [head = '', ...lines] = readFileSync(join(CDNOW, name), 'utf8').trim().split('\n');
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((column, i) => [column, cells[i]!]));
  });
}

type Fit<Name extends string> = {
  reference: {
    params: Record<Name, number>;
    standard_errors: Record<Name, number>;
    log_likelihood: number;
  };
  published: { params: Record<Name, number> };
};
type Parameters = {
  counts: { sum_frequency: number };
  models: {
    bgnbd: Fit<'r' | 'alpha' | 'a' | 'b'>;
    mbgnbd: Fit<'r' | 'alpha' | 'a' | 'b'>;
    gammagamma: Fit<'p' | 'q' | 'v'>;
  };
  aggregates_of_expected_customers: Record<string, { sum: number }>;
};

export function readParameters(): Parameters {
  return JSON.parse(readFileSync(join(CDNOW, 'expected_parameters.json'), 'utf8')) as Parameters;
}

export function referenceModels() {
  const { bgnbd, mbgnbd, gammagamma } = readParameters().models;
  const bg: DropoutModel = { name: 'bg_nbd', parameters: bgnbd.reference.params };
  const mbg: DropoutModel = { name: 'mbg_nbd', parameters: mbgnbd.reference.params };
  return { bg, mbg, gg: gammagamma.reference.params };
}

/** The calibration summary, time in weeks, with the expected predictions of each customer. */
export function readCustomers(): ReferenceCustomer[] {
  const expected = readTable('expected_customers.csv');
  return readTable('calibration_summary.csv').map((row, i) => ({
    id: row.customer_id!,
    x: Number(row.frequency),
    t_x: Number(row.recency_days) / 7,
    T: Number(row.T_days) / 7,
    mean: Number(row.monetary_value),
    holdout: Number(row.frequency_holdout),
    expected: Object.fromEntries(Object.entries(expected[i]!).map(([name, value]) => [name, Number(value)])),
  }));
}

/** Rows of equal histories with their counts, in the order in which they first appear. */
export function grouped(customers: History[]): Histories {
  const rows = new Map<string, History & { count: number }>();
  for (const { x, t_x, T } of customers) {
    const key = `${x} ${t_x} ${T}`;
    const row = rows.get(key) ?? { x, t_x, T, count: 0 };
    row.count++;
    rows.set(key, row);
  }
  const all = [...rows.values()];
  return {
    x: Uint32Array.from(all, ({ x }) => x),
    t_x: Float64Array.from(all, ({ t_x }) => t_x),
    T: Float64Array.from(all, ({ T }) => T),
    count: Uint32Array.from(all, ({ count }) => count),
  };
}

/** The rows of the repeat buyers with a value. */
export function meanValues(customers: { x: number; mean: number }[]): MeanValues {
  const buyers = customers.filter(({ x, mean }) => x > 0 && mean > 0);
  return {
    x: Uint32Array.from(buyers, ({ x }) => x),
    mean: Float64Array.from(buyers, ({ mean }) => mean),
    count: new Uint32Array(buyers.length).fill(1),
  };
}
