import { createHash } from 'node:crypto';
import type { ConsentRule } from '../../connectors/index.ts';
import { segmentShares, type Audience } from '../job/audiences.ts';
import type { JobDestination } from '../job/load.ts';
import { LEDGER, type Account } from '../ledger/ledger.ts';
import { heldOut } from './holdout.ts';
import { columnTexts } from './property-values.ts';
import type { RunContext } from './run.ts';
import type { Widening } from './widen.ts';
import { valueMoved, withValues } from './values.ts';

/** An audience of the job; `index` is its place in the whole job and names its rows in `plan_members`. */
export type PlannedAudience = Audience & {
  index: number;
  remote_id?: string;
  /** What it is still called there: the job file has given it another name. */
  renamed_from?: string;
  /** The job file names it no more; it is of no segment, and our members leave it. */
  orphan?: true;
  /** How it is widened, where its segment is too small; customers up to that rung are of it. */
  widening?: Widening;
  rung?: number;
};

/** One audience and the change that would make it equal its segment. */
export type AudiencePlan = PlannedAudience &
  SegmentCounts &
  ChangeCounts & {
    destination: JobDestination;
    /** Requests that write: the platform's floor for this change. */
    requests: number;
  };

export type SegmentCounts = {
  /** Customers of the segment. */
  customers: number;
  /** Those who may be sent: with consent and an identifier, and not held out. */
  wanted: number;
  /** Those who might be sent but are kept out on purpose. */
  held_out: number;
  without_consent: number;
  unreachable: number;
};

type ChangeCounts = {
  to_add: number;
  to_remove: number;
  /** Members whose worth, or what a file says of them, changed enough to be told anew. */
  to_update: number;
  /** Members refused for good, left alone for a while. */
  parked: number;
};

export function accountOf(job: string, destination: JobDestination): Account {
  const { type, account } = destination.definition;
  return { job, destination: type, account: account(destination.settings) };
}

/**
 * The account under which a destination's properties are kept: people are known by it, not by an audience. One without
 * a name is told from others by its settings.
 */
export function peopleAccountOf(job: string, destination: JobDestination): Account {
  const named = accountOf(job, destination);
  if (named.account !== '') return named;
  const settings = createHash('sha256').update(JSON.stringify(destination.settings)).digest('hex');
  return { ...named, account: settings.slice(0, 16) };
}

/**
 * Compares a destination's segments with its ledger, stores who is to be added and removed in `plan_members`, and
 * counts. Nothing is sent.
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
    places: audiences.map(({ index }) => index),
    remote_ids: audiences.map(({ remote_id }) => remote_id ?? ''),
  };
  await run.engine.command(insertPlan(destination), params);
  const counts = await run.engine.query<SegmentCounts & { audience: number }>(
    countSegments(destination),
    params,
  );
  const changeCounts = await run.engine.query<ChangeCounts & { audience: number }>(COUNT_CHANGES, params);
  return audiences.map((audience) => {
    const mine = counts.find((row) => row.audience === audience.index);
    const change = changeCounts.find((row) => row.audience === audience.index);
    const { to_add = 0, to_remove = 0, to_update = 0, parked = 0 } = change ?? {};
    const { customers = 0, wanted = 0, held_out = 0, without_consent = 0, unreachable = 0 } = mine ?? {};
    const create = audience.remote_id === undefined && to_add > 0;
    const add = to_add + to_update;
    const rename = audience.renamed_from === undefined ? 0 : 1;
    const requests =
      rename + (add + to_remove === 0 ? 0 : destination.definition.floor({ create, add, remove: to_remove }));
    const counted = { customers, wanted, held_out, without_consent, unreachable };
    const changes = { to_add, to_remove, to_update, parked };
    return { ...audience, destination, ...counted, ...changes, requests };
  });
}

const FIELDS = ['customer', 'email', 'phone', 'first_name', 'last_name', 'city', 'region', 'zip', 'country'];

/** What the statements on the customers of audiences take, beside the account. */
export function audienceParams(
  run: Pick<RunContext, 'job' | 'run_id'>,
  audiences: readonly Pick<
    PlannedAudience,
    'index' | 'segment' | 'holdout' | 'together' | 'value_field' | 'rung'
  >[],
) {
  const rows = audiences.flatMap((audience) =>
    segmentShares(audience).map(([segment, share]) => ({ ...audience, segment, share })),
  );
  return {
    job: run.job.name,
    run: run.run_id,
    audiences: rows.map(({ index }) => index),
    segments: rows.map(({ segment }) => segment),
    holdouts: rows.map(({ share }) => share),
    value_fields: rows.map(({ value_field }) => value_field ?? ''),
    rungs: rows.map(({ rung }) => rung ?? 0),
  };
}

/** SQL: one row for each segment of each audience: index, segment, holdout, value field, rung. */
const NAMED = `arrayJoin(arrayZip({audiences:Array(UInt32)}, {segments:Array(String)}, {holdouts:Array(Float64)},
  {value_fields:Array(String)}, {rungs:Array(UInt8)}))`;

const ASSIGNED = `(SELECT arrayJoin(arrayIntersect(segments, {segments:Array(String)})) AS segment, customer
  FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
  INNER JOIN (SELECT ${NAMED} AS pair, pair.2 AS segment) AS named USING (segment)`;

const PROFILES = `(SELECT * FROM profiles WHERE job = {job:String} AND run_id = {run:String}) AS p`;

/**
 * Customers of the segments that the audiences are of; a segment may have several audiences. Bind `audienceParams`.
 */
export const SEGMENT_CUSTOMERS = `
  SELECT pair.1 AS audience, segment, pair.3 AS share, customer, ${heldOut('share')} AS held_out, p.* EXCEPT customer
  FROM ${ASSIGNED} INNER JOIN ${PROFILES} USING (customer)`;

/**
 * Customers of the audiences: those of their segments (rung 0), and who was added to a segment too small. A customer may
 * stand there with several rungs. Bind `audienceParams`.
 */
export const AUDIENCE_CUSTOMERS = `
  SELECT audience, segment, share, value_field, rung, customer, ${heldOut('share')} AS held_out, p.* EXCEPT customer
  FROM (SELECT pair.1 AS audience, segment, pair.3 AS share, pair.4 AS value_field, 0 AS rung, customer FROM ${ASSIGNED}
        UNION ALL
        SELECT audience, pair.2 AS segment, pair.3 AS share, pair.4 AS value_field, rung, customer
        FROM (SELECT audience, rung, customer FROM widened WHERE job = {job:String} AND run_id = {run:String}) AS w
        INNER JOIN (SELECT ${NAMED} AS pair, pair.1 AS audience) AS named USING (audience)
        WHERE rung <= pair.5) AS c
  INNER JOIN ${PROFILES} USING (customer)`;

/**
 * SQL: who shall be in the audiences, what they are worth there and what its file says of them (`texts`, JSON by column):
 * with consent and an identifier, one row per audience and member. A member that stands for a held-out customer beside others (a phone of two) is held out. Bind
 * `audienceParams`.
 */
export function wantedSql(destination: JobDestination): string {
  const fields = FIELDS.join(', ');
  const worth = [...new Set(destination.audiences.flatMap(({ value_field }) => value_field ?? []))];
  const wanted = `SELECT audience, member, ${fields}, value
    FROM (SELECT audience, ${memberKey(destination)} AS member, held_out, ${fields}, value
          FROM (${withValues(AUDIENCE_CUSTOMERS, worth)}) WHERE member != '' AND ${consent(destination)}
          ORDER BY held_out DESC, customer LIMIT 1 BY audience, member)
    WHERE NOT held_out`;
  if (destination.columns.length === 0) return wanted;
  return `SELECT wanted.*, texts FROM (${wanted}) AS wanted
    INNER JOIN (${columnTexts(destination.columns)}) AS told USING (customer)
    SETTINGS join_algorithm = 'full_sorting_merge'`;
}

function insertPlan(destination: JobDestination): string {
  const fields = FIELDS.join(', ');
  return `INSERT INTO plan_members (job, run_id, audience, op, member, ${fields}, value, texts_hash)
    SELECT {job:String}, {run:String}, audience,
      multiIf(wanted AND held AND NOT moved AND texts_hash = held_texts_hash, 'keep',
              wanted, if(parked = 'add', 'parked', if(held, 'update', 'add')),
              held, if(parked = 'remove', 'parked', 'remove'), 'keep') AS op, member, ${fields}, value,
      texts_hash
    FROM (
      SELECT audience, member, max(is_wanted) AS wanted, max(is_held) AS held, max(is_parked) AS parked,
        max(worth) AS value, ${valueMoved('value', 'max(held_worth)')} AS moved,
        max(hash) AS texts_hash, max(held_hash) AS held_texts_hash,
        ${FIELDS.map((field) => `max(${field}) AS ${field}`).join(', ')}
      FROM (
        SELECT audience, member, true AS is_wanted, false AS is_held, '' AS is_parked, value AS worth,
          NULL AS held_worth, ${textsHash(destination)} AS hash, 0 AS held_hash, ${fields}
        FROM (${wantedSql(destination)})
        UNION ALL
        SELECT pair.1 AS audience, member, false, held, parked, NULL, held_value, 0, held_texts_hash,
          ${FIELDS.map(() => `''`).join(', ')}
        FROM (${LEDGER}) AS ledger
        INNER JOIN (SELECT arrayJoin(arrayZip({places:Array(UInt32)}, {remote_ids:Array(String)})) AS pair,
                           pair.2 AS remote_id) AS named USING (remote_id)
      ) GROUP BY audience, member
    ) WHERE op != 'keep'`;
}

/** SQL: what stands for the line of a member in a file of the destination; 0 where it writes none. */
function textsHash({ columns, settings }: JobDestination): string {
  if (columns.length === 0) return 'toUInt64(0)';
  const layout = createHash('sha256')
    .update(JSON.stringify([columns, settings]))
    .digest('hex');
  return `sipHash64('${layout}', texts)`;
}

const COUNT_CHANGES = `
  SELECT audience, toUInt32(countIf(op = 'add')) AS to_add, toUInt32(countIf(op = 'remove')) AS to_remove,
    toUInt32(countIf(op = 'update')) AS to_update, toUInt32(countIf(op = 'parked')) AS parked
  FROM plan_members WHERE job = {job:String} AND run_id = {run:String} GROUP BY audience`;

/** `wanted` counts everybody of the audience, the others only who is of its segment. */
function countSegments(destination: JobDestination): string {
  const allowed = consent(destination);
  const sendable = `${allowed} AND member != ''`;
  // A customer may be in several segments of an audience that holds them together.
  const together = destination.audiences.some((audience) => audience.together);
  const count = (condition: string) =>
    together ? `uniqExactIf(customer, ${condition})` : `countIf(${condition})`;
  return `SELECT audience, toUInt32(${count('rung = 0')}) AS customers,
      toUInt32(${count(`rung = 0 AND NOT (${allowed})`)}) AS without_consent,
      toUInt32(${count(`rung = 0 AND ${allowed} AND member = ''`)}) AS unreachable,
      toUInt32(uniqExactIf(member, ${sendable} AND out AND rung = 0)) AS held_out,
      toUInt32(uniqExactIf(member, ${sendable}) - uniqExactIf(member, ${sendable} AND out)) AS wanted
    FROM (SELECT *, held_out AS out, ${memberKey(destination)} AS member FROM (${AUDIENCE_CUSTOMERS})) GROUP BY audience`;
}

/** SQL: whether a customer may be sent to a destination, over the profile's fields. */
export function reachable(destination: JobDestination): string {
  return `(${memberKey(destination)} != '' AND ${consent(destination)})`;
}

/** SQL: what the ledger calls a customer at a destination; '' where it takes none of their identifiers. */
export function memberKey(destination: JobDestination): string {
  const cases = destination.definition.identifiers.map(
    (kind) => `${kind} != '', concat('${kind}:', ${kind})`,
  );
  return `multiIf(${cases.join(', ')}, '')`;
}

/** SQL: whether the destination's rule on consent lets a customer be sent. */
export function consent(destination: JobDestination): string {
  const column = `${destination.definition.consent.channel}_consent`;
  const rules: Record<ConsentRule, string> = {
    required: `${column} = 'yes'`,
    not_refused: `${column} != 'no'`,
    ignore: 'true',
  };
  return rules[destination.consent];
}
