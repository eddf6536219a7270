import type { Engine } from '../engine/engine.ts';
import { FIELDS, type FieldName } from '../job/fields.ts';
import type { Job } from '../job/load.ts';
import { segmentsOf } from '../job/segments.ts';
import { facts } from '../models/facts.ts';
import { WORTH } from '../models/value-tier.ts';
import type { ExplainedNumber, ExplainedSegment, Explanation } from '../report/explain.ts';
import { reasonOf, type CustomerFacts, type Reason } from '../report/explain-models.ts';
import type { RuleTree } from '../report/explain-rules.ts';
import { explainAudiences } from './explain-audiences.ts';
import { explainCustom } from './explain-custom.ts';
import { segmentHistory } from './explain-history.ts';
import { explainJoins } from './explain-joins.ts';
import { explainOrders } from './explain-orders.ts';
import { findPerson, type Wanted } from './explain-person.ts';
import { lastRound } from './people.ts';
import type { RunReport } from './report.ts';
import { rulesOf } from './rules.ts';
import type { RunRow } from './state.ts';

/**
 * Everything the last run knew and decided about one person.
 * @param last the run that assigned, with its limits
 * @throws SyncError `ARGUMENT_WRONG` where nobody is meant, or more than one
 */
export async function explainCustomer(
  engine: Engine,
  job: Job,
  last: RunRow,
  wanted: Wanted,
): Promise<Explanation> {
  const { run_id, as_of } = last;
  const run = { job, run_id, as_of };
  const round = await lastRound(engine, { job: job.name, run_id });
  const person = await findPerson(engine, { ...run, round }, wanted);
  const { customer, nodes } = person;
  const [joined, orders, known, segments, history] = await Promise.all([
    explainJoins(engine, { job, run_id }, person),
    explainOrders(engine, run, nodes),
    knownOf(engine, run, customer),
    assignedTo(engine, run, customer),
    segmentHistory(engine, job.name, person),
  ]);
  const keys = memberKeys(nodes, known);
  const noted = JSON.parse(last.detail) as Noted;
  const sameRules = noted.rules === rulesOf(job);
  const [audiences, rules] = await Promise.all([
    explainAudiences(engine, run, { customer, nodes, segments, keys }),
    sameRules ? explainCustom(engine, run, customer, segments) : new Map<string, RuleTree>(),
  ]);
  return {
    job: job.name,
    run_id,
    as_of,
    currency: job.currency,
    customer,
    names: nodes,
    joined,
    is_customer: known !== undefined,
    orders,
    numbers: known ? numbersOf(known) : [],
    segments: known ? explainSegments(job, segments, { known, noted, rules }) : [],
    history,
    audiences,
    notes: [...notesOn(orders, known), ...(sameRules ? [] : [OTHER_RULES])],
  };
}

/** What the run noted when it had assigned; one by an older version of this program noted less. */
type Noted = Partial<Pick<RunReport, 'limits' | 'categories'>> & { rules?: string };

const OTHER_RULES =
  'the job file sorts customers by other rules now than at that run, so rules of custom segments are not shown';

type Run = { job: Job; run_id: string };

async function knownOf(engine: Engine, run: Run, customer: string): Promise<CustomerFacts | undefined> {
  const columns = [...Object.keys(FIELDS), 'revenue_window', 'extra'];
  const [row] = await engine.query<CustomerFacts>(
    `SELECT *, ${WORTH} AS worth FROM ${facts(columns, 'AND customer = {customer:String}')}`,
    { job: run.job.name, run: run.run_id, customer },
  );
  return row;
}

async function assignedTo(engine: Engine, run: Run, customer: string): Promise<string[]> {
  const [row] = await engine.query<{ segments: string[] }>(
    `SELECT segments FROM assignments
     WHERE job = {job:String} AND run_id = {run:String} AND customer = {customer:String}`,
    { job: run.job.name, run: run.run_id, customer },
  );
  return row?.segments ?? [];
}

/** What the ledger may call the person: by every address they ever had, and by their phone. */
function memberKeys(nodes: readonly string[], known: CustomerFacts | undefined): string[] {
  const named = nodes.filter((node) => /^(email|phone):/.test(node));
  const today = (['email', 'phone'] as const).map((kind) => `${kind}:${String(known?.[kind] ?? '')}`);
  return [...new Set([...named, ...today])].filter((key) => !key.endsWith(':'));
}

function numbersOf(known: CustomerFacts): ExplainedNumber[] {
  const fields = Object.entries(FIELDS).map(([field, { meaning }]) => ({
    field,
    value: known[field as FieldName] ?? null,
    meaning,
  }));
  const extra = Object.entries(known.extra as Record<string, string>).map(([name, value]) => ({
    field: `extra.${name}`,
    value,
    meaning: 'An extra column of a source.',
  }));
  return [...fields, ...extra];
}

function explainSegments(
  job: Job,
  assigned: readonly string[],
  { known, noted, rules }: { known: CustomerFacts; noted: Noted; rules: ReadonlyMap<string, RuleTree> },
): ExplainedSegment[] {
  const settings = { currency: job.currency, window: job.segments.value_engagement?.value.window ?? 365 };
  const all = segmentsOf(job.segments, noted.categories);
  const others = [...rules.keys()].filter((segment) => !assigned.includes(segment));
  return [...assigned, ...others].map((segment) => {
    const model = segment.slice(0, segment.indexOf('.'));
    return {
      segment,
      label: all.find(({ name }) => name === segment)?.label ?? segment,
      holds: assigned.includes(segment),
      reason: reasonOf(model, known, noted.limits?.[model], settings) ?? otherReason(job, segment),
      rule: rules.get(segment) ?? null,
    };
  });
}

/** Of custom segments that are no rule: the file, or the segment that is divided by category. */
function otherReason(job: Job, segment: string): Reason | null {
  const name = segment.split('.')[1];
  const entry = segment.startsWith('custom.') && job.segments.custom?.find((one) => one.name === name);
  if (!entry) return null;
  if (entry.sql !== undefined) return { rule: `selected by ${entry.sql}`, thresholds: [] };
  if (!entry.per_category) return null;
  const { of, by } = entry.per_category;
  return {
    rule: `in ${of}, divided by ${by === 'favourite' ? 'favourite category' : 'categories bought'}`,
    thresholds: [],
  };
}

/** Records are pulled by every run, the numbers are those of the run that is explained. */
function notesOn(orders: Explanation['orders'], known: CustomerFacts | undefined): string[] {
  const counted = orders.filter(({ counts }) => counts).length;
  const then = Number(known?.orders ?? 0);
  if (counted === then) return [];
  return [
    `the run counted ${then} orders, the records of today hold ${counted} that count: they have changed since`,
  ];
}
