import { literal } from '../../engine/literal.ts';
import { sideBySide } from '../../engine/side-by-side.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import type { RunContext } from '../run.ts';
import { numberCopies } from './copies.ts';
import type { Kind, Made } from './kind.ts';
import { normalisePhones } from './phones.ts';
import type { Staged } from './read.ts';
import type { Columns } from './sql.ts';
import type { Stage } from './stage.ts';
import { localClock } from './zone.ts';

/** Records are made of so many rows at a time: what a statement holds in memory does not grow with the table. */
const ROWS_AT_ONCE = 2 ** 20;
/** The more rows, the more of them say the same of a person; of those only one is kept in memory. */
const ROWS_TOLD_OF_PEOPLE = 2 ** 24;

const PHONES = { phone: 'String', country: 'String', e164: 'String' };
/** Records that name a person; of the others those go that belong to one of them. */
const OF_PEOPLE = ['orders', 'customers', 'events'];

/**
 * Makes records of the rows that were read and stores them: dates of the local clock become UTC, phone numbers E.164,
 * and people who were erased are left out.
 * @returns how many records were left out
 */
export async function makeRecords(
  run: RunContext,
  source: string,
  { kind, rows, timezone }: Staged,
  stage: Stage,
  tombstones: Tombstones,
): Promise<number> {
  const { engine, signal } = run;
  const { stored, absent } = kind;
  const dates = Object.keys(stored).filter((name) => `${name}_local` in stored);
  const toUtc = await localClock(engine, stage, rows, dates, timezone);
  const phones = 'phone' in stored && (await stage.create('phones', PHONES, '(phone, country)'));
  const copies = 'unnumbered' in stored && (await numberCopies(run, stage, rows));
  const country = 'country' in stored ? 'staged.country' : `''`;
  const named = 'phone' in stored || 'phone' in absent;
  const erased = named && tombstones.size > 0 ? tombstones.coversSql(identitiesOf(source)) : undefined;
  const columns = [
    dates.length > 0 ? `staged.* EXCEPT (${dates.join(', ')})` : 'staged.*',
    ...dates.map((name) => `if(staged.${name}_local, ${toUtc(`staged.${name}`)}, staged.${name}) AS ${name}`),
    ...Object.entries(absent).map(([name, sql]) => `${sql} AS ${name}`),
    phones ? `ifNull(known.e164, '') AS e164` : `'' AS e164`,
    copies ? 'ifNull(repeated.copy, 1) AS copy' : '1 AS copy',
  ];
  const joins = [
    phones && `LEFT ANY JOIN ${phones} AS known ON known.phone = staged.phone AND known.country = ${country}`,
    copies && `LEFT ANY JOIN ${copies} AS repeated ON repeated.row = staged.row`,
  ].filter((join) => join !== false && join !== undefined);

  const [size] = await engine.query<{ last: string }>(`SELECT max(row) AS last FROM ${rows}`);
  const constant = { ...absent, ...(phones ? {} : { e164: `''` }) };
  // Side by side, since each of the two mostly keeps one processor busy.
  const passes = passesOf(kind, phones !== false).map(({ step, makes }) => async () => {
    let leftOut = 0;
    for (let from = 0; from <= Number(size!.last); from += step) {
      const some = `(SELECT * FROM ${rows} WHERE row >= ${from} AND row < ${from + step} AND taken)`;
      if (phones) {
        const pairs = `SELECT DISTINCT phone, ${country} AS country FROM ${some} AS staged WHERE phone != ''`;
        await normalisePhones(engine, phones, pairs);
      }
      const records = `(SELECT ${columns.join(', ')} FROM ${some} AS staged ${joins.join(' ')})`;
      signal.throwIfAborted();
      for (const together of makes) {
        const inserts = together.map((made) => {
          const sql = recordsOfMade(run, source, made, { records, constant, erased });
          return () => engine.command(sql, {}, { signal });
        });
        await sideBySide(engine, inserts);
        const ofPeople = together.filter(({ table }) => OF_PEOPLE.includes(table)).length;
        if (erased && ofPeople > 0) leftOut += ofPeople * (await countErased(run, records, erased));
      }
    }
    return leftOut;
  });
  return (await sideBySide(engine, passes)).reduce((sum, leftOut) => sum + leftOut, 0);
}

/**
 * What is made of how many rows at a time: what they say of people, of many more of them, since most say the same;
 * but not where phone numbers are looked up, all of which are held in memory.
 */
function passesOf({ makes }: Kind, phones: boolean): { step: number; makes: Kind['makes'] }[] {
  if (phones) return [{ step: ROWS_AT_ONCE, makes }];
  const only = (newest: boolean) =>
    makes
      .map((together) => together.filter((made) => (made.newest !== undefined) === newest))
      .filter((together) => together.length > 0);
  return [
    { step: ROWS_TOLD_OF_PEOPLE, makes: only(true) },
    { step: ROWS_AT_ONCE, makes: only(false) },
  ];
}

function identitiesOf(source: string): string {
  const customer = `concat(${literal(`customer:${source}:`)}, customer_id)`;
  return `arrayFilter(identity -> NOT endsWith(identity, ':'), [concat('email:', email), concat('phone:', e164), ${customer}])`;
}

/** Copies of a record are told apart when they are read, which costs far less than to sort them out here. */
const AS_IT_CAME = 'max_insert_threads = 1, optimize_on_insert = 0';

/**
 * SQL that stores records, in the order of the rows, by one writer: of records that are as new as each other the later
 * one stands.
 * @param of.constant columns of the rows that are the same in all
 */
function recordsOfMade(
  run: RunContext,
  source: string,
  { table, where, columns, newest }: Made,
  of: { records: string; constant: Columns; erased: string | undefined },
): string {
  const names = ['source', 'run_id', ...Object.keys(columns)];
  const values = [literal(source), literal(run.run_id), ...Object.values(columns)];
  const conditions = [where ?? 'true', of.erased ? `NOT ${of.erased}` : 'true'].join(' AND ');
  const some = `(SELECT * FROM ${of.records} WHERE ${conditions})`;
  const from = newest === undefined ? some : newestOf(some, newest, of.constant);
  return `INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${from}
    ORDER BY row SETTINGS ${AS_IT_CAME}`;
}

/**
 * One row for all that say the same, with the newest of their times as `newest`. Time and place are put into one
 * number for `row`, which costs a quarter of what telling them apart does.
 */
function newestOf(rows: string, { of, says }: NonNullable<Made['newest']>, constant: Columns): string {
  const keys = says.filter((name) => !(name in constant));
  const same = says.filter((name) => name in constant).map((name) => `${constant[name]} AS ${name}`);
  const latest = [`max(${of}) AS newest`, `max(toInt128(${of}) * ${2 ** 40} + row) AS row`];
  return `(SELECT ${['*', ...same].join(', ')} FROM (SELECT ${[...keys, ...latest].join(', ')} FROM ${rows}
    GROUP BY ${keys.join(', ') || 'tuple()'} HAVING count() > 0))`;
}

async function countErased(run: RunContext, records: string, erased: string): Promise<number> {
  const [row] = await run.engine.query<{ count: string }>(
    `SELECT count() AS count FROM ${records} WHERE ${erased}`,
  );
  return Number(row!.count);
}
