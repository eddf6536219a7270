import { eachShard } from '../engine/each-shard.ts';
import type { JobDestination } from '../job/load.ts';
import { FACT, FACTS, PARKED_CHANGES } from '../ledger/ledger.ts';
import { OFFERED } from '../ledger/offered.ts';
import { memberHash } from '../ledger/member-hash.ts';
import {
  accountOf,
  audienceParams,
  consent,
  FIELDS,
  FIRST,
  placeSql,
  placesOf,
  toldMembers,
  valueFields,
  type AudiencePlan,
  type ChangeCounts,
  type PlannedAudience,
  type SegmentCounts,
} from './plan.ts';
import type { RunContext } from './run.ts';
import { valueMoved } from './values.ts';

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

const HASH = memberHash('audience', 'member');
const CUSTOMER_HASH = 'cityHash64(customer)';

/** The ids of audiences there, and the indexes of those that have each: two names may stand for one audience. */
function remoteParams(audiences: readonly PlannedAudience[]) {
  const { names: remote_ids, places } = placesOf(audiences.map(({ remote_id }) => remote_id));
  return { remote_ids, of_remote: places.map((all) => all.map((place) => audiences[place - 1]!.index)) };
}

/** SQL: the rows that say something of members of an account, by audience instead of `remote_id`. */
function ofAudiences(rows: string, columns: string): string {
  return `(SELECT arrayJoin({of_remote:Array(Array(UInt32))}[${placeSql('remote_id', 'remote_ids')}]) AS audience,
        ${columns}
      FROM (${rows}) WHERE remote_id IN {remote_ids:Array(String)})`;
}

/** What a bit says of a customer or a member. */
const BIT = { held_out: 0, segment_held_out: 1, unallowed: 2, nameless: 3, parked_add: 4, parked_remove: 5 };
const has = (bit: keyof typeof BIT) => `bitTest(bits, ${BIT[bit]})`;

/** SQL: a number of these bits, each with the condition for it. */
function bits(conditions: Partial<Record<keyof typeof BIT, string>>): string {
  const terms = Object.entries(conditions).map(
    ([bit, condition]) => `${2 ** BIT[bit as keyof typeof BIT]} * (${condition})`,
  );
  return `toUInt8(${terms.join(' + ') || 0})`;
}

const OPS = ['keep', 'add', 'update', 'remove', 'parked'] as const;
/** Small numbers are grouped in a quarter of the time that texts take. */
const place = (op: (typeof OPS)[number]) => OPS.indexOf(op) + 1;

/** Stands for no value: as a NULL it would be passed over where the newest is looked for. */
const NO_VALUE = 'toDecimal64(-99999999999999, 4)';

/**
 * One row of `plan_keys` for each member of an audience whom it gets, loses or is told anew of, and one that counts all
 * others. Of whom was offered and nothing was heard since it is not known whether it holds them, so those it gets or
 * loses. Customers who cannot be sent are counted under names that no member has.
 */
function insertKeys(destination: JobDestination, audiences: readonly PlannedAudience[]): string {
  return `INSERT INTO plan_keys (job, run_id, audience, op, key, customer, shared, customers, wanted, held_out,
      without_consent, unreachable)
    SELECT {job:String}, {run:String}, audience, ['${OPS.join(`', '`)}'][op], reinterpretAsFixedString(key),
      max(if(op = ${place('keep')}, 0, customer)), max(inside > 1), sum(of_segment), sum(wanted), sum(${has('segment_held_out')}), sum(of_segment * ${has('unallowed')}),
      sum(of_segment * ${has('nameless')})
    FROM (
      SELECT audience, customer, bits, inside, of_segment, wanted,
        multiIf(wanted AND held AND NOT moved AND NOT doubtful, ${place('keep')},
                wanted, multiIf(${has('parked_add')}, ${place('parked')}, held, ${place('update')}, ${place('add')}),
                held OR doubtful, if(${has('parked_remove')}, ${place('parked')}, ${place('remove')}),
                ${place('keep')}) AS op,
        if(op = ${place('keep')}, toUInt128(0), name) AS key
      FROM (SELECT *, inside > 0 AND NOT ${has('held_out')} AS wanted FROM (${names(destination, audiences)}))
    ) GROUP BY audience, op, key`;
}

/** SQL: what is known of each member of an audience, under the hash that names them. */
function names(destination: JobDestination, audiences: readonly PlannedAudience[]): string {
  const ranked = valueFields(destination).length > 0;
  const sent = `nullIf(argMaxIf(held_worth, fact, fact > 0), ${NO_VALUE})`;
  const moved = [
    ...(ranked ? [valueMoved('max(worth)', sent)] : []),
    ...(destination.columns.length > 0
      ? ['argMinIf(hash, whose, is_inside = 1) != argMaxIf(held_hash, fact, fact > 0)']
      : []),
  ];
  // A customer may be in several segments of an audience that holds them together.
  const together = destination.audiences.some((audience) => audience.together);
  return `SELECT name, any(audience) AS audience, groupBitOr(says) AS bits, sum(is_inside) AS inside, max(who) AS customer,
      ${together ? 'uniqExactIf(whose, is_of_segment = 1)' : 'sum(is_of_segment)'} AS of_segment,
      max(fact) % 2 = 1 AS held, max(doubt) > max(fact) AS doubtful, ${moved.join(' OR ') || 'false'} AS moved
    FROM ${eachShard(`
      SELECT audience, ${memberHash('audience', `if(allowed, member, 'without consent')`)} AS name,
        allowed AND member != '' AS sendable, sendable AND NOT held_out AS is_inside, rung = 0 AS is_of_segment,
        toUInt64(0) AS fact, value AS worth, ${NO_VALUE} AS held_worth, texts_hash AS hash, toUInt64(0) AS held_hash,
        customer AS whose, if(is_inside, ${CUSTOMER_HASH}, 0) AS who, ${bits({
          held_out: 'sendable AND held_out',
          segment_held_out: 'sendable AND held_out AND is_of_segment',
          unallowed: 'NOT allowed',
          nameless: 'allowed AND NOT sendable',
        })} AS says, toUInt64(0) AS doubt
      FROM (SELECT *, ${consent(destination)} AS allowed FROM (${toldMembers(destination, audiences)}))
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, fact, NULL, ifNull(value, ${NO_VALUE}), 0, texts_hash, '', 0, ${bits({})}, 0
      FROM ${ofAudiences(`SELECT remote_id, member, value, texts_hash, ${FACT} AS fact FROM ${FACTS} AND result = 'done'`, 'member, value, texts_hash, fact')}
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, 0, NULL, ${NO_VALUE}, 0, 0, '', 0, ${bits({
        parked_add: `parked = 'add'`,
        parked_remove: `parked = 'remove'`,
      })}, 0
      FROM ${ofAudiences(PARKED_CHANGES, 'member, parked')}
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, 0, NULL, ${NO_VALUE}, 0, 0, '', 0, ${bits({})}, seq * 2 + 1
      FROM ${ofAudiences(`SELECT remote_id, member, seq FROM ${OFFERED}`, 'member, seq')}`)}
    GROUP BY name`;
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
