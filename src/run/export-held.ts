import type { Readable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import { memberText } from './export-columns.ts';
import type { HeldRun } from './held.ts';

/** A row for each member and audience, who would leave first. */
const ROWS = `SELECT {destinations:Array(String)}[at] AS destination, {audiences:Array(String)}[at] AS audience,
    op AS change, ${memberText('key')} AS member
  FROM (SELECT indexOf({indexes:Array(UInt32)}, plan_members.audience) AS at, op, member AS key
        FROM plan_members WHERE job = {job:String} AND run_id = {run:String})
  WHERE at > 0
  ORDER BY change = 'remove' DESC, destination, audience, change, member`;

/** @returns CSV with its heading: the members whom the plan that waits for `approve` would remove, add or update */
export function exportHeld(
  engine: Engine,
  job: string,
  { run_id: run, audiences }: HeldRun,
): Promise<Readable> {
  return engine.bytes(`${ROWS} FORMAT CSVWithNames`, {
    job,
    run,
    indexes: audiences.map(({ index }) => index),
    destinations: audiences.map(({ destination }) => destination),
    audiences: audiences.map(({ audience }) => audience),
  });
}
