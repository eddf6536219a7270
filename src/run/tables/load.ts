import type { Table } from '../../../connectors/index.ts';
import { isUnsplit } from '../../engine/errors.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import type { RunContext } from '../run.ts';
import { makeRecords } from './make.ts';
import { readTable } from './read.ts';
import { openStage } from './stage.ts';
import { tell, type Told } from './told.ts';

export type Loaded = Told & {
  /** Records of people who were erased, left out. */
  erased: number;
};

/**
 * Reads a table in the engine and stores its records, as the readers of rows in JavaScript would. Safe to repeat;
 * when it is cut short, some records are stored and the rest comes with the next pull.
 * @param source the key of the source
 * @returns undefined where the rows cannot be split and the table knows another way; then nothing was stored
 * @throws SyncError `SOURCE_MISSING_COLUMN`, or what reading the bytes throws
 */
export async function loadTable(
  run: RunContext,
  source: string,
  table: Table,
  tombstones: Tombstones,
): Promise<Loaded | undefined> {
  const stage = openStage(run.engine, run.job.name);
  try {
    const staged = await readTable(run, table, stage).catch((error: unknown) => {
      if (table.oneByOne && isUnsplit(error)) return undefined;
      throw error;
    });
    if (!staged) return undefined;
    const erased = await makeRecords(run, source, staged, stage, tombstones);
    const told = await tell(run.engine, table, staged.kind, staged.rows);
    return { ...told, erased };
  } finally {
    await stage.drop();
  }
}
