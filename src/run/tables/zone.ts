import { localOffsets, QUARTER_MS } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Stage } from './stage.ts';

const DAY_MS = 86_400_000;
const DAY_QUARTERS = DAY_MS / QUARTER_MS;
/** Greater than any offset: what is behind it is a place in the list. */
const PLACE = 1_000_000_000_000;

/** SQL of UTC, for SQL of milliseconds of the local clock. */
export type ToUtc = (local: string) => string;

/**
 * What the local clock of a table's dates is ahead of UTC, from the calendar that the other sources use. It is laid
 * out in a table: a number for each day, or the place of its quarters of an hour where the clocks change that day.
 * @param dates names of columns of milliseconds; those of the local clock where `NAME_local`
 */
export async function localClock(
  engine: Engine,
  stage: Stage,
  rows: string,
  dates: readonly string[],
  timezone: string,
): Promise<ToUtc> {
  if (dates.length === 0) return (local) => local;
  const ends = dates.flatMap((name) => [
    `minOrNullIf(${name}, ${name}_local)`,
    `maxOrNullIf(${name}, ${name}_local)`,
  ]);
  const [range] = await engine.query<{ ends: (string | null)[] }>(
    `SELECT [${ends.join(', ')}] AS ends FROM ${rows}`,
  );
  const known = range!.ends.filter((end) => end !== null).map(Number);
  if (known.length === 0) return (local) => local;
  const first = Math.floor(Math.min(...known) / DAY_MS);
  const offsets = offsetsOf(timezone, first, Math.floor(Math.max(...known) / DAY_MS));
  if (offsets.every((offset) => offset === offsets[0])) return (local) => `${local} - ${offsets[0]}`;
  const table = await stage.create('zone', { place: 'UInt32', ahead: 'Int64' }, 'place');
  await engine.insert(
    table,
    offsets.map((ahead, place) => ({ place, ahead })),
  );
  const list = `(SELECT groupArray(ahead) FROM (SELECT ahead FROM ${table} ORDER BY place))`;
  return (local) => {
    const since = `(${local} - ${first * DAY_MS})`;
    const day = `${list}[intDiv(${since}, ${DAY_MS}) + 1]`;
    const quarter = `${list}[${day} - ${PLACE} + intDiv(${since} % ${DAY_MS}, ${QUARTER_MS}) + 1]`;
    return `${local} - if(${day} < ${PLACE}, ${day}, ${quarter})`;
  };
}

function offsetsOf(timezone: string, first: number, last: number): number[] {
  const offsetAt = localOffsets(timezone);
  const days = last - first + 1;
  const offsets: number[] = [];
  const quarters: number[] = [];
  let before = offsetAt(first * DAY_MS);
  for (let day = first; day <= last; day += 1) {
    const next = offsetAt((day + 1) * DAY_MS);
    const changes = next !== before || offsetAt((day + 1) * DAY_MS - QUARTER_MS) !== before;
    offsets.push(changes ? PLACE + days + quarters.length : before);
    before = next;
    if (!changes) continue;
    for (let quarter = 0; quarter < DAY_QUARTERS; quarter += 1) {
      quarters.push(offsetAt(day * DAY_MS + quarter * QUARTER_MS));
    }
  }
  return [...offsets, ...quarters];
}
