import type { Table } from '../../../connectors/index.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import type { RunContext } from '../run.ts';
import { makeRecords } from './make.ts';
import { readTable } from './read.ts';
import { openStage } from './stage.ts';
import { tell, type Told } from './told.ts';

export type Loaded = Told & {
  /** Records of people who were erased, left out. */
  erased: number;
  marks: Record<string, string>;
};

/**
 * Reads a table in the engine and stores its records, as the readers of rows in JavaScript would. Safe to repeat;
 * when it is cut short, some records are stored and the rest comes with the next pull.
 * @param source the key of the source
 * @throws SyncError `SOURCE_MISSING_COLUMN`, or what reading the bytes throws
 */
export async function loadTable(
  run: RunContext,
  source: string,
  table: Table,
  tombstones: Tombstones,
): Promise<Loaded> {
  const stage = openStage(run.engine, run.job.name);
  try {
    const staged = await readTable(run, table, stage);
    const erased = await makeRecords(run, source, staged, stage, tombstones);
    const told = await tell(run.engine, table, staged.kind, staged.rows);
    return { ...told, erased, marks: table.mark ? await markOf(run, table.mark.part, staged.rows) : {} };
  } finally {
    await stage.drop();
  }
}

/** Whole numbers are compared as numbers, everything else as text. */
async function markOf(run: RunContext, part: string, rows: string): Promise<Record<string, string>> {
  const [found] = await run.engine.query<{ values: string; numbers: string; number: string; text: string }>(
    `SELECT count() AS values, countIf(match(mark, '^-?[0-9]{1,38}$')) AS numbers,
       toString(max(toInt128OrZero(mark))) AS number, max(mark) AS text
     FROM ${rows} WHERE mark != ''`,
  );
  const { values, numbers, number, text } = found!;
  if (values === '0') return {};
  return { [part]: values === numbers ? number : text };
}
