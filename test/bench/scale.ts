import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import type { RunReport } from '../../src/run/report.ts';
import { runJob } from '../../src/run/run.ts';
import { type Figure, memoryFigure, seconds, timeFigure } from './figure.ts';
import { ownPeak } from './memory.ts';
import { AS_OF } from './shop.ts';

/** What the engine may take, however large the shop. */
const MEMORY = '6GiB';
const NEXT_DAY = '2026-11-16';

/**
 * A Parquet file of so many orders by an eighth as many customers, read and sorted into every model's segments,
 * against the bare engine's `GROUP BY email` over the same file; and the day after, which brings a hundredth more.
 */
export async function scaleFigures(folder: string, orders: number): Promise<Figure[]> {
  const engine = await openEngine({ state: join(folder, 'scale'), idle_seconds: 1, max_memory: MEMORY });
  try {
    await createTables(engine);
    await writeOrders(engine, join(folder, 'orders-1.parquet'), {
      from: 0,
      count: orders,
      orders,
      last: AS_OF,
      days: 1000,
    });
    const bare = Math.min(await bareRollup(engine, folder), await bareRollup(engine, folder));
    const day = (as_of: string) => computed(engine, folder, as_of);
    const first = await day(AS_OF);
    const more = Math.ceil(orders / 100);
    await writeOrders(engine, join(folder, 'orders-2.parquet'), {
      from: orders,
      count: more,
      orders,
      last: NEXT_DAY,
      days: 1,
    });
    const second = await day(NEXT_DAY);
    const size = `${orders.toLocaleString('en')} orders, ${first.customers.toLocaleString('en')} customers`;
    return [
      timeFigure(`Parquet to every segment, ${size}`, took(first), 'bare GROUP BY email of the file', bare),
      ...STAGES.map((stage) => timeFigure(`of that ${stage}`, first.seconds[stage], 'bare', bare)),
      timeFigure('the next day, 1 % more', took(second), 'the first', took(first)),
      ...STAGES.map((stage) =>
        timeFigure(`${stage} of the next day`, second.seconds[stage], 'of the first', first.seconds[stage]),
      ),
      memoryFigure(size, ownPeak(), 'what measures it among that'),
    ];
  } finally {
    await engine.close();
  }
}

/** Reads the files `orders-*.parquet` of a folder and sorts their customers; nothing is sent. @throws Error where it fails */
export async function computed(engine: Engine, folder: string, as_of: string): Promise<RunReport> {
  const job = parseJob(JOB, { file: join(folder, 'job.yaml'), env: {} });
  const { signal } = new AbortController();
  const options = { state: folder, as_of, signal, log: () => undefined, send: false };
  const report = await runJob(engine, job, options);
  if (report.error) throw new Error(JSON.stringify(report.error));
  return report;
}

const STAGES = ['pull', 'profile', 'predict', 'favourites', 'segment'] as const;

function took(report: RunReport): number {
  return STAGES.reduce((sum, stage) => sum + report.seconds[stage], 0);
}

type Written = { from: number; count: number; orders: number; last: string; days: number };

/** Writes orders `from` up to `from + count` of a shop that has `orders` of them, an eighth as many customers. */
export async function writeOrders(engine: Engine, path: string, written: Written): Promise<void> {
  const { last, days, ...params } = written;
  await engine.command(
    `INSERT INTO FUNCTION file('${path}', 'Parquet')
     SELECT concat('o', toString(number)) AS id,
       concat('shopper', toString(toUInt32(pow(toUInt32(cityHash64(number)) / 4294967296, 2) * intDiv({orders:UInt64}, 8))), '@example.com') AS mail,
       toDateTime64({last:String}, 3, 'UTC') - toIntervalSecond(cityHash64(number, 1) % ${days * 86_400}) AS date,
       toDecimal64(5 + (cityHash64(number, 2) % 20000) / 100, 2) AS amount
     FROM numbers({from:UInt64}, {count:UInt64})`,
    { ...params, last: `${last} 00:00:00` },
  );
  // A file that was changed a moment ago is read again to be sure.
  await utimes(path, new Date(`${AS_OF}T00:00:00Z`), new Date(`${AS_OF}T00:00:00Z`));
}

function bareRollup(engine: Engine, folder: string): Promise<number> {
  return seconds(() =>
    engine.query(
      `SELECT count() FROM (SELECT mail, count(), sum(amount), min(date), max(date)
         FROM file('${join(folder, 'orders-1.parquet')}', 'Parquet') GROUP BY mail)`,
    ),
  );
}

const JOB = `
name: bench-scale
currency: EUR
sources:
  - type: files
    path: orders-*.parquet
    columns: { order_id: id, email: mail, ordered_at: date, total: amount }
segments:
  lifecycle: { backtest: false }
  value_engagement: {}
  engagement: {}
  value_tier: {}
destinations: [{ type: csv, path: out, audiences: [{ segment: lifecycle.* }] }]
`;
