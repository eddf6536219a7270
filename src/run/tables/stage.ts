import { createHash, randomUUID } from 'node:crypto';
import { createTable, dropTable, wholeOf } from '../../engine/definition.ts';
import type { Engine } from '../../engine/engine.ts';

/**
 * Tables of a pull that is under way. They are named after the job, of which one run goes on at a time: what an
 * earlier one left, having been killed, is then nobody's.
 */
export type Stage = {
  /** Creates a table and answers its name. */
  create(what: string, columns: Record<string, string>, order: string): Promise<string>;
  /** Drops every table made here. */
  drop(): Promise<void>;
};

/** Nothing is merged that will be dropped: it would be written several times over. */
const UNMERGED = 'SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1';

export function openStage(engine: Engine, job: string): Stage {
  const id = randomUUID().slice(0, 8);
  const names: string[] = [];
  return {
    async create(what, columns, order) {
      const name = `${prefixOf(job)}${id}_${what}`;
      const fields = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
      names.push(name);
      const definition = `(${fields.join(', ')}) ENGINE = MergeTree ORDER BY ${order} ${UNMERGED}`;
      await createTable(engine, name, definition, `cityHash64(${order})`, { new: true });
      return name;
    },
    async drop() {
      for (const name of names) await dropTable(engine, name);
    },
  };
}

/** A job that was killed and then taken away comes by no more: what it left is dropped by the others after so long. */
const LEFT_BEHIND_DAYS = 2;

/** Drops what earlier pulls of this job left behind. To be called before its pull begins, under the job's lock. */
export async function sweepStages(engine: Engine, job: string): Promise<void> {
  const rows = await engine.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND (startsWith(name, {own:String})
       OR (startsWith(name, {any:String}) AND metadata_modification_time < now() - toIntervalDay(${LEFT_BEHIND_DAYS})))`,
    { own: prefixOf(job), any: PREFIX },
  );
  for (const name of new Set(rows.map((row) => wholeOf(row.name)))) await dropTable(engine, name);
}

const PREFIX = 'staged_';

function prefixOf(job: string): string {
  return `${PREFIX}${createHash('sha1').update(job).digest('hex').slice(0, 12)}_`;
}
