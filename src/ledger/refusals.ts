/** A member refused for good is left alone for so long, each time twice as long as before, and at most a month. */
export const PARKED_DAYS = 7;
const MOST_PARKED_DAYS = 30;
/** More refusals for good than these make the time no longer. */
export const REFUSALS_THAT_COUNT = Math.ceil(Math.log2(MOST_PARKED_DAYS / PARKED_DAYS)) + 1;

/**
 * SQL: how a member stands with a platform, by the facts of a group: whether the newest is a refusal, for good, and of
 * taking the member out. Where it is a refusal, `since` is the first of those that follow each other, and `retry` when
 * the member is offered again: at once unless it is for good. Both in milliseconds since 1970, else 0. It keeps every
 * refusal of a group, so it is for members who have any.
 */
export const STANDING = `
  max(seq * 8 + 4 * (result = 'refused') + 2 * permanent + (op = 'remove')) AS last,
  bitTest(last, 2) = 1 AS last_refused, bitTest(last, 1) = 1 AS last_for_good, bitTest(last, 0) = 1 AS last_removes,
  maxIf(seq, result = 'done') AS done_at,
  arraySort(arrayFilter(one -> one.1 > done_at, groupArrayIf((seq, permanent), result = 'refused'))) AS refusals,
  if(last_refused, refusals[1].1, 0) AS since,
  if(NOT last_refused, 0, max(seq) + 86400000 * if(NOT last_for_good, 0, toUInt64(least(${MOST_PARKED_DAYS},
    ${PARKED_DAYS} * pow(2, arrayCount(one -> one.2, refusals) - 1))))) AS retry`;

/** SQL: whether a member's newest change is parked now, over `STANDING`. Bind `now_ms`. */
export const PARKED = `(last_refused AND last_for_good AND retry > {now_ms:UInt64})`;

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
  return `SELECT remote_id, member, change, reason, last_for_good AS permanent, since, retry
    FROM (SELECT remote_id, member, max(run_id) AS run, argMax(op, seq) AS change, argMax(reason, seq) AS reason, ${STANDING}
          FROM ${facts} AS facts
          WHERE (remote_id, member) IN (SELECT remote_id, member FROM ${facts} AS refusing WHERE result = 'refused')
          GROUP BY remote_id, member) AS members
    CROSS JOIN (SELECT max(seq) AS newest, argMax(run_id, seq) AS newest_run FROM ${facts}) AS account
    WHERE last_refused AND (retry > newest OR run = newest_run)`;
}
