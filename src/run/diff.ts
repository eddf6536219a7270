import { eachShard } from '../engine/each-shard.ts';
import type { JobDestination } from '../job/load.ts';
import { FACTS } from '../ledger/ledger.ts';
import { OFFERED } from '../ledger/offered.ts';
import { CUSTOMER_HASH, HASH, insertKeys, ofAudiences } from './member-keys.ts';
import { consent, FIRST, toldMembers } from './audience-customers.ts';
import {
  accountOf,
  audienceParams,
  FIELDS,
  placesOf,
  type AudiencePlan,
  type ChangeCounts,
  type PlannedAudience,
  type SegmentCounts,
} from './plan.ts';
import type { RunContext } from './run.ts';

const COUNTED = [
  'customers',
  'wanted',
  'held_out',
  'without_consent',
  'unreachable',
  'members',
  'to_add',
  'to_remove',
  'to_update',
  'parked',
] as const satisfies (keyof (SegmentCounts & ChangeCounts))[];

/** Fewer than one in so many are picked by a hash before anything is joined. */
const FEW = 8;

/** `joining`, `shared` and `leaving` are the rows that `plan_members` gets; a shared one stands for several customers. */
type Row = 'joining' | 'shared' | 'leaving';
type Counted = Record<(typeof COUNTED)[number], number>;

/**
 * Compares a destination's segments with its ledger, stores who is to be added and removed in `plan_members`, and
 * counts. Nothing is sent.
 *
 * Millions are compared by hashes of their names: texts of those who stay as they are would take many times the memory
 * and time. Only of those who change are names and profiles read.
 * @param audiences all of the destination; one without `remote_id` does not exist yet and holds nobody
 */
export async function planDestination(
  run: RunContext,
  destination: JobDestination,
  audiences: readonly PlannedAudience[],
): Promise<AudiencePlan[]> {
  const params = {
    ...accountOf(run.job.name, destination),
    ...audienceParams(run, audiences),
    now_ms: Date.now(),
    ...remoteParams(audiences),
  };
  await run.engine.command(insertKeys(destination, audiences), params);
  const counts = await run.engine.query<Counted & Record<Row | 'audience', number>>(COUNT, params);
  const some = (what: Row) => counts.some((row) => row[what] > 0);
  const sum = (what: Row | 'customers') => counts.reduce((total, row) => total + row[what], 0);
  // On a cluster the keys lie by member, so no shard knows those of its customers.
  const are_few = !run.engine.cluster && sum('joining') * FEW < sum('customers');
  if (some('joining')) await run.engine.command(insertJoining(destination, audiences, are_few), params);
  if (some('shared')) await run.engine.command(insertShared(destination, audiences), params);
  if (some('leaving')) await run.engine.command(INSERT_LEAVING, params);
  return audiences.map((audience) => {
    const found = counts.find((row) => row.audience === audience.index);
    const counted = Object.fromEntries(COUNTED.map((name) => [name, found?.[name] ?? 0])) as Counted;
    const { to_add, to_update, to_remove: remove } = counted;
    const add = to_add + to_update;
    const create = audience.remote_id === undefined && to_add > 0;
    const rename = audience.renamed_from === undefined ? 0 : 1;
    const requests =
      rename + (add + remove === 0 ? 0 : destination.definition.floor({ create, add, remove }));
    return { ...audience, destination, ...counted, requests };
  });
}

/** The ids of audiences there, and the indexes of those that have each: two names may stand for one audience. */
function remoteParams(audiences: readonly PlannedAudience[]) {
  const { names: remote_ids, places } = placesOf(audiences.map(({ remote_id }) => remote_id));
  return { remote_ids, of_remote: places.map((all) => all.map((place) => audiences[place - 1]!.index)) };
}

const KEYS = `plan_keys AS k WHERE k.job = {job:String} AND k.run_id = {run:String} AND k.audience IN {audiences:Array(UInt32)}`;
const JOINING = `(k.op IN ('add', 'update') OR k.op = 'parked' AND k.wanted = 1)`;
const LEAVING = `(k.op = 'remove' OR k.op = 'parked' AND k.wanted = 0)`;

const COUNT = `
  SELECT k.audience AS audience, toUInt32(sum(k.customers)) AS customers, toUInt32(sum(k.wanted)) AS wanted,
    toUInt32(sum(k.held_out)) AS held_out, toUInt32(sum(k.without_consent)) AS without_consent,
    toUInt32(sum(k.unreachable)) AS unreachable, toUInt32(countIf(k.op IN ('update', 'remove')) + sumIf(k.wanted, k.op = 'keep')
      + countIf(k.op = 'parked' AND k.wanted = 0)) AS members, toUInt32(countIf(k.op = 'add')) AS to_add,
    toUInt32(countIf(k.op = 'remove')) AS to_remove, toUInt32(countIf(k.op = 'update')) AS to_update,
    toUInt32(countIf(k.op = 'parked')) AS parked, toUInt32(countIf(${JOINING} AND NOT k.shared)) AS joining,
    toUInt32(countIf(${JOINING} AND k.shared)) AS shared, toUInt32(countIf(${LEAVING})) AS leaving
  FROM ${KEYS} GROUP BY k.audience`;

/** SQL: what the keys say of a member whose hash is `name`; '' where they say nothing. */
function opOf(ops: readonly string[], which: string): string {
  const cases = ops.map(
    (op) =>
      `name IN (SELECT reinterpretAsUInt128(k.key) FROM ${KEYS} AND k.op = '${op}' AND ${which}), '${op}'`,
  );
  return `multiIf(${cases.join(', ')}, '')`;
}

/** @param few SQL that takes those whom the keys name, where they are few of all, as `toldMembers` takes it */
function joining(
  destination: JobDestination,
  audiences: readonly PlannedAudience[],
  which: string,
  few = '',
): string {
  const fields = FIELDS.join(', ');
  return `SELECT audience, ${opOf(['add', 'update', 'parked'], `${JOINING} AND ${which}`)} AS op, member, ${fields}, value, texts_hash
    FROM ${eachShard(`SELECT audience, ${HASH} AS name, member, ${fields}, value, texts_hash
      FROM (${toldMembers(destination, audiences, few)})
      WHERE member != '' AND ${consent(destination)}`)}
    WHERE op != ''`;
}

const INTO_MEMBERS = `INSERT INTO plan_members (job, run_id, audience, op, member, ${FIELDS.join(', ')}, value, texts_hash)
  SELECT {job:String}, {run:String}, audience, op, member, ${FIELDS.join(', ')}, value, texts_hash FROM`;

/** @param are_few whether a look at each customer's hash costs less than a join of all */
function insertJoining(
  destination: JobDestination,
  audiences: readonly PlannedAudience[],
  are_few: boolean,
): string {
  const which = `${JOINING} AND NOT k.shared`;
  const few = are_few ? `AND ${CUSTOMER_HASH} IN (SELECT k.customer FROM ${KEYS} AND ${which})` : '';
  return `${INTO_MEMBERS} (${joining(destination, audiences, 'NOT k.shared', few)})`;
}

/** Of the customers who share a phone the one who is worth most is sent, else the first by name. */
function insertShared(destination: JobDestination, audiences: readonly PlannedAudience[]): string {
  return `${INTO_MEMBERS} (${joining(destination, audiences, 'k.shared')}
    ORDER BY ${FIRST} LIMIT 1 BY audience, member)`;
}

const INSERT_LEAVING = `INSERT INTO plan_members (job, run_id, audience, op, member)
  SELECT DISTINCT {job:String}, {run:String}, audience, ${opOf(['remove', 'parked'], LEAVING)} AS op, member
  FROM ${eachShard(`SELECT audience, ${HASH} AS name, member
    FROM ${ofAudiences(
      `SELECT remote_id, member FROM ${FACTS} AND result = 'done'
      UNION ALL SELECT remote_id, member FROM ${OFFERED}`,
      'member',
    )}`)}
  WHERE op != ''`;
