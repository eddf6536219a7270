import { literal } from '../../engine/literal.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import type { RunContext } from '../run.ts';
import { numberCopies } from './copies.ts';
import type { Made } from './kind.ts';
import { normalisePhones } from './phones.ts';
import type { Staged } from './read.ts';
import type { Stage } from './stage.ts';
import { localClock } from './zone.ts';

/** Records are made of so many rows at a time: what a statement holds in memory does not grow with the table. */
const ROWS_AT_ONCE = 2 ** 20;

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

  let leftOut = 0;
  const [size] = await engine.query<{ last: string }>(`SELECT max(row) AS last FROM ${rows}`);
  for (let from = 0; from <= Number(size!.last); from += ROWS_AT_ONCE) {
    const some = `(SELECT * FROM ${rows} WHERE row >= ${from} AND row < ${from + ROWS_AT_ONCE} AND taken)`;
    if (phones) {
      const pairs = `SELECT DISTINCT phone, ${country} AS country FROM ${some} AS staged WHERE phone != ''`;
      await normalisePhones(engine, phones, pairs);
    }
    const records = `(SELECT ${columns.join(', ')} FROM ${some} AS staged ${joins.join(' ')})`;
    signal.throwIfAborted();
    for (const together of kind.makes) {
      await Promise.all(together.map((made) => insertMade(run, source, made, records, from, erased)));
      const ofPeople = together.filter(({ table }) => OF_PEOPLE.includes(table)).length;
      if (erased && ofPeople > 0) leftOut += ofPeople * (await countErased(run, records, erased));
    }
  }
  return leftOut;
}

function identitiesOf(source: string): string {
  const customer = `concat(${literal(`customer:${source}:`)}, customer_id)`;
  return `arrayFilter(identity -> NOT endsWith(identity, ':'), [concat('email:', email), concat('phone:', e164), ${customer}])`;
}

/**
 * The row of each key with the greatest number, the later one of equals. Both are put into one number, which costs a
 * quarter of what telling them apart does: milliseconds of any date, and the place among the rows at once.
 */
function lastOf(records: string, last: NonNullable<Made['last']>, from: number, conditions: string): string {
  return `SELECT ${from} + toUInt64(bitAnd(newest, ${ROWS_AT_ONCE - 1})) FROM (
    SELECT max(toInt128(${last.of}) * ${ROWS_AT_ONCE} + row - ${from}) AS newest FROM ${records}
    WHERE ${conditions} GROUP BY ${last.key})`;
}

/** Copies of a record are told apart when they are read, which costs far less than to sort them out here. */
const AS_IT_CAME = 'max_insert_threads = 1, optimize_on_insert = 0';

/** In the order of the rows, by one writer: of records that are as new as each other the later one stands. */
async function insertMade(
  run: RunContext,
  source: string,
  { table, where, columns, last }: Made,
  records: string,
  from: number,
  erased: string | undefined,
): Promise<void> {
  const names = ['source', 'run_id', ...Object.keys(columns)];
  const values = [literal(source), literal(run.run_id), ...Object.values(columns)];
  const conditions = [where ?? 'true', erased ? `NOT ${erased}` : 'true'].join(' AND ');
  const only = last ? `row IN (${lastOf(records, last, from, conditions)})` : conditions;
  await run.engine.command(
    `INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${records}
     WHERE ${only} ORDER BY row SETTINGS ${AS_IT_CAME}`,
    {},
    { signal: run.signal },
  );
}

async function countErased(run: RunContext, records: string, erased: string): Promise<number> {
  const [row] = await run.engine.query<{ count: string }>(
    `SELECT count() AS count FROM ${records} WHERE ${erased}`,
  );
  return Number(row!.count);
}
