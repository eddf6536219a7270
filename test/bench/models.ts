import type { Engine } from '../../src/engine/engine.ts';
import type { Job } from '../../src/job/load.ts';
import { predict } from '../../src/run/predict.ts';
import type { Figure } from './figure.ts';

/**
 * Seconds the peer (Python lifetimes 0.11.3) needs for 1,000,000 customers, one thread of a 2-core machine: fit of both
 * models, then P(alive), expected purchases, expected value and CLV.
 */
const PEER = { fit: 12.97 + 2.4, score: 0.11 + 0.69 + 0.02 + 10.18 };

/** Fits and scores simulated customers, and compares with what the peer needs for as many. */
export async function modelFigures(engine: Engine, job: Job, customers: number): Promise<Figure[]> {
  const ids = { job: 'simulated', run: 'r1' };
  await engine.command(SIMULATED, { ...ids, customers });
  const run = {
    engine,
    job: { ...job, name: ids.job },
    run_id: ids.run,
    as_of: '2026-11-15',
    signal: new AbortController().signal,
    cut: new AbortController().signal,
    clock: () => Date.now(),
    log: () => undefined,
  };
  const start = performance.now();
  const { name, parameters } = await predict(run);
  const seconds = (performance.now() - start) / 1000;
  const peer = ((PEER.fit + PEER.score) * customers) / 1e6;
  const found = Object.entries(parameters).map(([key, value]) => `${key} ${value.toPrecision(3)}`);
  return [
    {
      work: `fit and score ${customers.toLocaleString('en')} customers, ${name} (${found.join(', ')})`,
      measured: `${seconds.toFixed(2)} s`,
      against: `peer ${peer.toFixed(1)} s`,
      ratio: seconds / peer,
    },
  ];
}

/** The nth uniform number of a customer, above 0 and below 1, the same in every run. */
function uniform(nth: number): string {
  return `(cityHash64(number, ${nth}) + 0.5) / 18446744073709551616.`;
}

/** Customers who buy at a rate of their own until they leave; time in days. */
const SIMULATED = `
  INSERT INTO profiles (job, run_id, customer, orders, purchase_days, frequency, recency_days, age_days, repeat_value)
  SELECT {job:String}, {run:String}, toString(number), x + 1, x + 1, x,
    if(x = 0, 0, greatest(1, toUInt32(active * pow(${uniform(4)}, 1 / x)))), age,
    if(x = 0, 0, 10 * exp(2 * ${uniform(5)} + ${uniform(6)}))
  FROM (
    SELECT number, toUInt32(30 + 700 * ${uniform(1)}) AS age, least(age, -600 * log(${uniform(2)})) AS active,
      toUInt32(least(200, -active * 0.01 * log(${uniform(3)}))) AS x
    FROM numbers({customers:UInt64})
  )`;
