import { deleteRows } from '../engine/deletion.ts';
import type { Engine } from '../engine/engine.ts';
import { FACT, NO_LONGER_THERE } from './ledger.ts';
import { REFUSALS_THAT_COUNT } from './refusals.ts';

type Facts = {
  table: 'ledger' | 'properties';
  /** SQL: whose facts belong together. */
  key: string;
  /** SQL: a fact as a number, the newest the greatest. */
  fact: string;
  /** SQL: whether a fact tells of a loss that made what was told of the member's properties void. */
  voids: string;
  /** SQL: whether a fact leaves nothing that is to be known of the member. */
  ends: string;
  /** SQL over the facts of a group: whether the newest that was done is such a fact. */
  ended: string;
  /** SQL: whether nothing else needs to know of that. */
  unneeded: string;
};

const LEDGER_KEY = 'job, destination, account, remote_id, member';

/** SQL: what is known of people in one audience, such as what a platform calls them, may be of use in the others. */
const NOT_HELD = `(job, destination, member) NOT IN (SELECT job, destination, member FROM ledger
  GROUP BY ${LEDGER_KEY} HAVING maxIf(${FACT}, result = 'done') % 2 = 1)`;

const PROPERTIES: Facts = {
  table: 'properties',
  key: 'job, destination, account, member',
  fact: 'seq',
  voids: 'false',
  ends: 'true',
  ended: 'true',
  unneeded: NOT_HELD,
};

const LEDGER: Facts = {
  table: 'ledger',
  key: LEDGER_KEY,
  fact: FACT,
  voids: `reason = '${NO_LONGER_THERE}'`,
  ends: `op = 'remove'`,
  ended: 'newest % 2 = 0',
  unneeded: `${NOT_HELD} AND (job, destination, member) NOT IN (SELECT job, destination, member FROM properties)`,
};

/** What could wait for more to go with it waits no longer than this past its time. */
const LATEST_DAYS = 30;

/**
 * Forgets facts of the ledger and of properties from before a moment. What decides the present stays: who is in an
 * audience, what was told of them, whom a platform refuses and since when. So no plan is another for it.
 *
 * A statement that was cut short goes on later, and shows half-done until then: so each deletes only what rows that it
 * leaves take the place of. Members of whom nothing is to be known any more go in two steps, the last word last; and
 * properties first, since that somebody was lost from an audience makes what was told of them void.
 * @param before milliseconds since 1970, longer ago than a refusal counts
 * @returns how many rows each table lost
 */
export async function mergeFacts(engine: Engine, before: number): Promise<Record<string, number>> {
  const params = { before, latest: before - LATEST_DAYS * 86_400_000 };
  const lost: Record<string, number> = {};
  for (const facts of [PROPERTIES, LEDGER]) {
    for (const which of [superseded(facts), lastWords(facts)]) {
      const where = `seq <= {before:UInt64} AND ${which}`;
      const rows = await deleteRows(engine, facts.table, where, params, {
        overdue: 'seq <= {latest:UInt64}',
      });
      lost[facts.table] = (lost[facts.table] ?? 0) + rows;
    }
  }
  return lost;
}

function superseded({ table, key, fact, voids, ended, unneeded }: Facts): string {
  const id = `sipHash128(${key}, ${fact}, result)`;
  return `${id} IN (
    SELECT arrayJoin(arrayFilter(one -> NOT (one.done AND one.fact = newest OR one.at = void AND void > 0
        OR NOT over AND (one.at = named OR has(refusals.1, one.at))), facts)).id
    FROM (
      SELECT maxIf(${fact}, result = 'done') AS newest, maxIf(seq, result = 'done') AS done_at,
        maxIf(seq, ${voids}) AS void, maxIf(seq, platform_id != '') AS named,
        max(seq) <= {before:UInt64} AND ${ended} AND ${unneeded} AS over,
        arraySort(arrayFilter(one -> one.1 > done_at, groupArrayIf((seq, permanent), result = 'refused'))) AS refused,
        arrayConcat(arraySlice(refused, 1, 1), arraySlice(refused, -1, 1),
          arraySlice(arrayFilter(one -> one.2, refused), -${REFUSALS_THAT_COUNT})) AS refusals,
        groupArray(CAST((${id}, seq, ${fact}, result = 'done'),
          'Tuple(id FixedString(16), at UInt64, fact UInt64, done Bool)')) AS facts
      FROM ${table} GROUP BY ${key} HAVING min(seq) <= {before:UInt64} AND (count() > 1 OR countIf(result = 'refused') > 0)))`;
}

/** Where all that is left of a member is that they are in no audience, or what was told of one who is in none. */
function lastWords({ table, key, ends, unneeded }: Facts): string {
  return `(${key}) IN (
    SELECT ${key} FROM ${table} GROUP BY ${key}
    HAVING max(seq) <= {before:UInt64} AND min(result = 'done' AND ${ends}) AND ${unneeded})`;
}
