import type { Destination, Member, Problem, PropertyValue } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import { segmentsOf } from '../job/segments.ts';
import { dropOffered } from '../engine/partitions.ts';
import { LEDGER } from '../ledger/ledger.ts';
import { noteTelling, tellingOf, type PageEnds } from '../ledger/offered.ts';
import { appendProperties, PROPERTIES } from '../ledger/properties.ts';
import { foundCategories } from './categories.ts';
import { asMember, planPages } from './members.ts';
import { wantedSql } from './audience-customers.ts';
import { accountOf, audienceParams, peopleAccountOf, type PlannedAudience } from './plan.ts';
import { asProblem } from './problem.ts';
import { propertyValues } from './property-values.ts';
import { interrupted, type Sending } from './push.ts';
import type { RunContext } from './run.ts';
import { emptyTally, leftOver, openTally, type Tally } from './tally.ts';

/** What became of the properties of people at one destination; in a plan, nothing was sent. */
export type PropertiesReport = Pick<Tally, 'refused' | 'requests' | 'reasons'> & {
  destination: string;
  /** People of whom a value changed since it was acknowledged. */
  people: number;
  updated: number;
  /** Values that the platform did not take of people whom it took otherwise, most frequent first. */
  dropped: { property: string; reason: string; members: number }[];
  error: Problem | null;
};

/** The audiences of one destination, with the ids of those that exist there. */
type Planned = { destination: JobDestination; audiences: readonly PlannedAudience[] };

type PropertiesPlan = {
  /** People of whom a value changed. */
  people: number;
  /** More of them, refused for good and left alone for a while. */
  parked: number;
};

/** Foretells what `sendProperties` would do once the plans of the audiences are carried out. */
export async function foretellProperties(run: RunContext, planned: Planned): Promise<PropertiesReport> {
  const { definition, name } = planned.destination;
  const { people, parked } = await planProperties(run, planned, `${HELD} UNION ALL ${ADDED}`);
  const requests = people > 0 ? definition.properties!.floor(people) : 0;
  return { ...emptyReport(name), people, refused: parked, requests };
}

/**
 * Stores at a destination what changed of the people its audiences hold: after each answer the values it acknowledged
 * are noted, so what is lost of a run that dies is sent again.
 * @param problem why nothing can be sent there; then only that is reported
 */
export async function sendProperties(
  run: RunContext,
  planned: Planned,
  sending: Sending | undefined,
  problem: Problem | undefined,
): Promise<PropertiesReport> {
  const { name } = planned.destination;
  const report = emptyReport(name);
  if (!sending || problem) return { ...report, error: problem ?? null };
  const where = `${name}, properties`;
  const tally = emptyTally();
  try {
    if (run.signal.aborted) throw interrupted(where);
    const { people, parked } = await planProperties(run, planned, HELD);
    report.people = people;
    tally.left = people;
    tally.refused = parked;
    if (people > 0) await push(run, planned.destination, sending, tally, report);
    if (run.signal.aborted && tally.left > 0) throw interrupted(where);
    if (tally.left > 0) report.error = leftOver(where, tally.left);
    else await dropOffered(run.engine, tellingOf(peopleAccountOf(run.job.name, planned.destination)));
  } catch (error) {
    report.error = asProblem(error, where);
  }
  const { refused, requests, reasons } = tally;
  const { people, updated, error } = report;
  const counts = { destination: name, people, updated, refused, requests };
  run.log(error ? 'properties failed' : 'properties sent', {
    ...counts,
    ...(error ? { code: error.code } : {}),
  });
  return { ...report, refused, requests, reasons };
}

function emptyReport(destination: string): PropertiesReport {
  return {
    destination,
    people: 0,
    updated: 0,
    refused: 0,
    requests: 0,
    reasons: [],
    dropped: [],
    error: null,
  };
}

async function push(
  run: RunContext,
  destination: JobDestination,
  { connection, remote_ids }: Sending,
  result: Tally,
  report: PropertiesReport,
): Promise<void> {
  const account = peopleAccountOf(run.job.name, destination);
  const tally = openTally(result);
  const dropped = new Map<string, PropertiesReport['dropped'][number]>();
  /** Of members under way; no more than the connector has in hand. */
  const hashes = new Map<string, Record<string, string>>();

  const note = (page: PageEnds) =>
    noteTelling(run.engine, account, { run_id: run.run_id, name: destination.name }, run.clock(), page);
  async function* changed(): AsyncGenerator<Member> {
    const params = { run: run.run_id, name: destination.name };
    for await (const row of planPages<ChangedRow>(run, destination, CHANGED, params, remote_ids, note)) {
      hashes.set(row.member, row.hashes);
      const values = Object.entries(row.changed).map(
        ([property, text]) => [property, JSON.parse(text) as PropertyValue] as const,
      );
      const { customer, remote_id } = row;
      yield { ...asMember(row.member, { customer, remote_id }), properties: Object.fromEntries(values) };
    }
  }

  const step = run.progress({ stage: 'push', destination: destination.name }, report.people);
  let batch = 0;
  try {
    for await (const answer of setProperties(connection)(changed, run.signal)) {
      batch += 1;
      const at = { run_id: run.run_id, batch: `properties:${destination.name}:${batch}`, clock: run.clock() };
      await appendProperties(run.engine, account, at, answer.updated, hashes);
      result.requests += answer.requests;
      report.updated += tally.take(answer.updated).length;
      for (const { key } of answer.updated) hashes.delete(key);
      for (const { property, reason, members } of answer.dropped) {
        const key = JSON.stringify([property, reason]);
        dropped.set(key, { property, reason, members: members + (dropped.get(key)?.members ?? 0) });
      }
      report.dropped = [...dropped.values()].toSorted((one, other) => other.members - one.members);
      step(report.people - result.left, report.people);
    }
  } finally {
    step(report.people - result.left, report.people, true);
  }
}

function setProperties(connection: Destination): NonNullable<Destination['setProperties']> {
  if (!connection.setProperties) throw new Error('the definition has properties, the destination has none');
  return connection.setProperties.bind(connection);
}

/** Who the audiences hold. */
const HELD = `SELECT member FROM (${LEDGER}) WHERE held AND remote_id IN {remote_ids:Array(String)}`;

/** Who joins them by the plan. */
const ADDED = `SELECT member FROM plan_members
  WHERE job = {job:String} AND run_id = {run:String} AND audience IN {audiences:Array(UInt32)} AND op = 'add'`;

type ChangedRow = {
  member: string;
  customer: string;
  remote_id: string;
  changed: Record<string, string>;
  hashes: Record<string, string>;
};

const CHANGED = `SELECT member, customer, changed, hashes FROM plan_properties
  WHERE job = {job:String} AND run_id = {run:String} AND destination = {name:String} AND NOT parked`;

/**
 * Compares the values of people wanted in any of the audiences with those acknowledged, and stores the changed ones in
 * `plan_properties`. A value that is unknown is sent only to clear one that was sent.
 * @param known SQL: the members that the platform knows; others are passed over
 */
async function planProperties(run: RunContext, planned: Planned, known: string): Promise<PropertiesPlan> {
  const { destination, audiences } = planned;
  const categories = await foundCategories(run.engine, run.job.name);
  const who = `SELECT member, min(customer) AS customer FROM (${wantedSql(destination, audiences)})
    WHERE member IN (${known}) GROUP BY member`;
  const values = propertyValues(who, destination.properties, segmentsOf(run.job.segments, categories));
  const people = peopleAccountOf(run.job.name, destination);
  const params = {
    ...accountOf(run.job.name, destination),
    ...audienceParams(run, audiences),
    ...values.params,
    people: people.account,
    telling: tellingOf(people).account,
    properties: destination.properties.map((property) => property.name),
    name: destination.name,
    now_ms: Date.now(),
    remote_ids: audiences.flatMap(({ remote_id }) => remote_id ?? []),
  };
  await run.engine.command(
    `INSERT INTO plan_properties (job, run_id, destination, member, customer, parked, changed, hashes)
     SELECT {job:String}, {run:String}, {name:String}, member, customer, ifNull(told.parked, false),
       mapFilter((property, text) -> ${HASH} != known[property], texts) AS changed,
       mapFilter((property, hash) -> hash != 0,
         mapUpdate(known, mapApply((property, text) -> (property, ${HASH}), texts))) AS hashes
     FROM (${values.sql}) AS valued LEFT JOIN (${PROPERTIES}) AS told USING (member)
     WHERE notEmpty(changed)`,
    params,
  );
  const [counts] = await run.engine.query<{ people: number; parked_people: number }>(
    `SELECT toUInt32(countIf(NOT parked)) AS people, toUInt32(countIf(parked)) AS parked_people FROM plan_properties
     WHERE job = {job:String} AND run_id = {run:String} AND destination = {name:String}`,
    params,
  );
  return { people: counts!.people, parked: counts!.parked_people };
}

/** SQL: what stands for the value in `text`; 0 for what is unknown. */
const HASH = `if(text = 'null', 0, sipHash64(text))`;
