import type { Acknowledgement, Outcome } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { PARKED, STANDING } from './refusals.ts';

/** The reason of a fact that the platform did not tell: reading an audience showed that a member was gone. */
export const NO_LONGER_THERE = 'no longer there';

/** Names the audiences of one job at one account of a destination. Bound as parameters wherever the ledger is read. */
export type Account = { job: string; destination: string; account: string };

/** SQL: the facts about an account's audiences. Bind an Account. */
export const FACTS = `ledger WHERE job = {job:String} AND destination = {destination:String} AND account = {account:String}`;

/**
 * SQL: a fact as a number: of those about a member the newest is the greatest, and odd where they were added. Numbers are
 * compared many times faster than tuples of texts.
 */
export const FACT = `(seq * 2 + (op = 'add'))`;

/**
 * SQL: every member the ledger knows of an account's audiences, with `remote_id` and whether the audience holds them.
 * Bind an Account. An audience made anew has another id, so an empty ledger.
 */
export const LEDGER = `SELECT remote_id, member, maxIf(${FACT}, result = 'done') % 2 = 1 AS held
  FROM ${FACTS} GROUP BY remote_id, member`;

/**
 * SQL: members of an account's audiences of whom a change is parked, with `remote_id` and that change, `add` or
 * `remove`. Bind an Account and `now_ms`.
 */
export const PARKED_CHANGES = `SELECT remote_id, member, if(last_removes, 'remove', 'add') AS parked
  FROM (SELECT remote_id, member, ${STANDING}, ${PARKED} AS is_parked FROM ${FACTS}
          AND (remote_id, member) IN (SELECT remote_id, member FROM ${FACTS} AND result = 'refused')
        GROUP BY remote_id, member)
  WHERE is_parked`;

/** What an audience is told of a member: what they are worth, and what stands for their line of a file. */
export type Told = { value: string | null; texts_hash: string };

/**
 * Appends what the platform acknowledged for one batch; members to be tried again leave no trace, so the next run
 * offers them. Safe to repeat: the same `batch` of a run is stored once.
 * @param at `clock` in milliseconds since 1970 orders the facts about a member
 * @param told what was sent of members that were added, by key
 */
export async function appendAcknowledged(
  engine: Engine,
  audience: Account & { remote_id: string },
  at: { run_id: string; batch: string; clock: number },
  acknowledged: Acknowledgement,
  told: ReadonlyMap<string, Told> = new Map(),
): Promise<void> {
  const row = (op: 'add' | 'remove') => (outcome: Outcome) => ({
    ...audience,
    op,
    ...outcomeColumns(outcome),
    value: (op === 'add' && told.get(outcome.key)?.value) || null,
    texts_hash: (op === 'add' && told.get(outcome.key)?.texts_hash) || 0,
    run_id: at.run_id,
    seq: at.clock,
  });
  const rows = [
    ...acknowledged.removed.filter(isSettled).map(row('remove')),
    ...acknowledged.added.filter(isSettled).map(row('add')),
  ];
  if (rows.length > 0) await engine.insert('ledger', rows, { token: `${at.run_id}:${at.batch}` });
}

/** Whether an outcome is a fact to keep; a member to be tried again is none. */
export function isSettled({ result }: Outcome): boolean {
  return result !== 'retry';
}

/** What every table of acknowledged facts says of an outcome. */
export function outcomeColumns(outcome: Outcome): object {
  return {
    member: outcome.key,
    result: outcome.result,
    reason: outcome.result === 'refused' ? outcome.reason : '',
    permanent: outcome.result === 'refused' && outcome.permanent,
    platform_id: (outcome.result === 'done' && outcome.remote_id) || '',
  };
}

/** Appends that an audience which is gone holds nobody any more. Safe to repeat. */
export async function forgetMembers(
  engine: Engine,
  audience: Account & { remote_id: string },
  at: { run_id: string; clock: number },
): Promise<void> {
  await engine.command(
    `INSERT INTO ledger (job, destination, account, remote_id, member, op, result, run_id, seq)
     SELECT {job:String}, {destination:String}, {account:String}, remote_id, member, 'remove', 'done',
       {run:String}, {seq:UInt64}
     FROM (${LEDGER}) WHERE remote_id = {remote_id:String}
       AND (held OR (remote_id, member) IN (SELECT remote_id, member FROM (${PARKED_CHANGES})))`,
    { ...audience, now_ms: at.clock, run: at.run_id, seq: at.clock },
  );
}

/** An audience as it was last seen. `segment` and `settings` (as JSON) are null where an older version noted it. */
export type RememberedAudience = {
  name: string;
  remote_id: string;
  segment: string | null;
  settings: string | null;
};

/** Remembers which remote audience a name stands for, and what it is of. `clock` orders it as in the ledger. */
export async function rememberAudience(
  engine: Engine,
  account: Account,
  audience: Pick<RememberedAudience, 'name' | 'remote_id'> & Partial<RememberedAudience>,
  clock: number = Date.now(),
): Promise<void> {
  const at = new Date(clock).toISOString();
  const { destination } = account;
  const token = [destination, account.account, audience.name, audience.remote_id, at].join(':');
  await engine.insert('audiences', [{ ...account, ...audience, at }], { token });
}

/** What is remembered of an account's audiences, by name. A name that gave way to another of the same id is not there. */
export async function rememberedAudiences(
  engine: Engine,
  account: Account,
): Promise<Map<string, RememberedAudience>> {
  const rows = await engine.query<RememberedAudience>(
    `SELECT name, newest.1 AS remote_id, newest.2 AS segment, newest.3 AS settings
     FROM (SELECT last.1 AS name, argMax((remote_id, last.2, last.3), seen) AS newest
           FROM (SELECT remote_id, argMax((name, segment, settings), at) AS last, max(at) AS seen FROM audiences
                 WHERE job = {job:String} AND destination = {destination:String} AND account = {account:String}
                 GROUP BY remote_id)
           GROUP BY name)
     ORDER BY name`,
    account,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** How many members each audience of an account holds, and how many changes are parked, by remote id. */
export async function countHeld(
  engine: Engine,
  account: Account,
): Promise<Map<string, { held: number; parked: number }>> {
  const rows = await engine.query<{ remote_id: string; held_members: number; parked_members: number }>(
    `SELECT remote_id, toUInt32(sum(is_held)) AS held_members, toUInt32(sum(is_parked)) AS parked_members
     FROM (SELECT remote_id, held AS is_held, false AS is_parked FROM (${LEDGER})
           UNION ALL SELECT remote_id, false, true FROM (${PARKED_CHANGES}))
     GROUP BY remote_id`,
    { ...account, now_ms: Date.now() },
  );
  return new Map(rows.map((row) => [row.remote_id, { held: row.held_members, parked: row.parked_members }]));
}
