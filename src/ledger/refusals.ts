/** A member refused for good is left alone for so long, each time twice as long as before, and at most a month. */
export const PARKED_DAYS = 7;
const MOST_PARKED_DAYS = 30;

/**
 * SQL: how a member stands with a platform, by the facts of a group. `last` is the newest fact as (op, result,
 * permanent, reason). Where that is a refusal, `since` is the first of those that follow each other, and `retry` when
 * the member is offered again: at once unless it is for good. Both in milliseconds since 1970, else 0.
 */
export const STANDING = `
  argMax((op, result, permanent, reason), seq) AS last,
  maxIf(seq, result = 'done') AS done_at,
  arraySort(arrayFilter(one -> one.1 > done_at, groupArrayIf((seq, permanent), result = 'refused'))) AS refusals,
  if(last.2 = 'refused', refusals[1].1, 0) AS since,
  if(last.2 != 'refused', 0, max(seq) + 86400000 * if(NOT last.3, 0, toUInt64(least(${MOST_PARKED_DAYS},
    ${PARKED_DAYS} * pow(2, arrayCount(one -> one.2, refusals) - 1))))) AS retry`;

/** SQL: the change of a member that is parked now, over `STANDING`; '' where none is. Bind `now_ms`. */
export const PARKED = `if(last.2 = 'refused' AND last.3 AND retry > {now_ms:UInt64}, last.1, '')`;

/**
 * SQL: whom an account refuses to take or let go, or to store properties of, one row for each member and audience:
 * `remote_id` ('' for properties), `member`, `change`, `reason`, `permanent`, `since`, `retry`. Those whose turn has
 * come since, without their being offered again, are wanted no more and left out. Bind an Account, and as `people` the
 * account under which its properties are kept.
 */
export const REFUSED = `${refusedIn('ledger', 'remote_id', 'op', 'account')} UNION ALL ${refusedIn('properties', `''`, `'properties'`, 'people')}`;

function refusedIn(table: string, remote_id: string, op: string, account: string): string {
  const facts = `(SELECT ${remote_id} AS remote_id, member, ${op} AS op, result, permanent, reason, run_id, seq
    FROM ${table} WHERE job = {job:String} AND destination = {destination:String} AND account = {${account}:String})`;
  return `SELECT remote_id, member, last.1 AS change, last.4 AS reason, last.3 AS permanent, since, retry
    FROM (SELECT remote_id, member, max(run_id) AS run, ${STANDING} FROM ${facts} GROUP BY remote_id, member) AS members
    CROSS JOIN (SELECT max(seq) AS newest, argMax(run_id, seq) AS newest_run FROM ${facts}) AS account
    WHERE last.2 = 'refused' AND (retry > newest OR run = newest_run)`;
}
