import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/engine.ts';

export type EndedRun = { run_id: string; as_of: string; status: string; detail: string };

async function withStore<T>(state: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ state });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** The newest run that ended. */
export function lastRunOf(state: string): Promise<EndedRun | undefined> {
  return withStore(state, async (engine) => {
    const rows = await engine.query<EndedRun>(
      `SELECT run_id, as_of, JSONExtractString(detail, 'status') AS status, detail FROM runs
       WHERE event = 'finished' ORDER BY run_id DESC LIMIT 1`,
    );
    return rows[0];
  });
}

/** Whether the store knows of any run; not where it cannot be asked. */
export function hasRun(state: string): Promise<boolean> {
  const ask = withStore(state, (engine) => engine.query('SELECT 1 FROM runs LIMIT 1'));
  return ask.then(
    (rows) => rows.length > 0,
    () => false,
  );
}

/** Whether the newest run to send was killed or stopped before its end. */
export function brokeOff(state: string): Promise<boolean> {
  return withStore(state, async (engine) => {
    const [newest] = await engine.query<{ ended: number }>(
      `SELECT countIf(event = 'finished' AND NOT match(detail, '"code":"RUN_(KILLED|INTERRUPTED)"')) > 0 AS ended
       FROM runs GROUP BY run_id ORDER BY run_id DESC LIMIT 1`,
    );
    return newest?.ended === 0;
  });
}

/** What a run that is over should not have left in the store. */
export function leftovers(state: string): Promise<string[]> {
  return withStore(state, async (engine) => {
    const open = await engine.query<{ run_id: string }>(
      `SELECT run_id FROM runs GROUP BY run_id
       HAVING countIf(event IN ('backfilled', 'planned', 'finished')) = 0`,
    );
    const staged = await engine.query<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'staged_')`,
    );
    const parts = await engine.query<{ name: string }>(
      `SELECT DISTINCT concat(table, ' ', partition) AS name FROM system.parts
       WHERE database = currentDatabase() AND active AND rows > 0 AND partition LIKE '(\\'chaos\\',%'
         AND position(partition, (SELECT max(run_id) FROM runs)) = 0`,
    );
    // Named pipes hold no data; a few wait to be used again.
    const spooled = readdirSync(join(state, 'spool')).filter((name) => !name.endsWith('.pipe'));
    return [
      ...open.map(({ run_id }) => `run ${run_id} is left open`),
      ...[...staged, ...parts].map(({ name }) => `${name} is left in the store`),
      ...spooled.map((name) => `${name} is left in the spool`),
    ];
  });
}
