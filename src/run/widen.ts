import { SegmentSettings } from '../job/segment-settings.ts';
import type { JobDestination } from '../job/load.ts';
import { facts } from '../models/facts.ts';
import { valueTier } from '../models/value-tier.ts';
import { audienceCustomers, consent, memberKey } from './audience-customers.ts';
import { audienceParams, type PlannedAudience } from './plan.ts';
import type { RunContext } from './run.ts';

/** How an audience that needs more members than its segment has was widened. */
export type Widening = {
  /** The fewest members that make it of use, and those of its segment. */
  least: number;
  of_segment: number;
  /** Who were added, step by step; nobody where that would not have been enough either. */
  by: string[];
  /** Why it stays as its segment is. */
  skipped: string | null;
};

/** The steps, each on top of the former, after the segment itself: `customers` of rung 1, 2 and 3. */
const RUNGS = 3;

/**
 * Widens audiences whose segments are too small for what is made of them, a lookalike's seed for example: by the
 * customers who ever spent more than the segment's mean CLV, then by value tiers, the highest first. The lowest tier
 * would teach a platform to find people who buy nothing. Stores the customers in `widened`.
 * @returns the audiences, with what was done to them
 */
export async function widenSmall(
  run: RunContext,
  destination: JobDestination,
  audiences: readonly PlannedAudience[],
): Promise<PlannedAudience[]> {
  const needed = new Map<number, number>();
  for (const { index, settings, orphan } of audiences) {
    const least = orphan ? undefined : destination.definition.least_members?.(settings);
    if (least !== undefined) needed.set(index, least);
  }
  const all = audiences.filter(({ index }) => needed.has(index));
  if (all.length === 0) return [...audiences];
  const before = await sizes(run, destination, all);
  const small = all.filter(({ index }) => (before.get(index)?.[0] ?? 0) < needed.get(index)!);
  if (small.length === 0) return [...audiences];
  const means = await meanValues(run, small);
  await storeRungs(
    run,
    small.flatMap(({ index, segment }) => {
      const mean = means.get(segment);
      return mean ? [{ index, mean: mean.value }] : [];
    }),
  );
  const after = await sizes(run, destination, small);
  return audiences.map((audience) => {
    if (!small.includes(audience)) return audience;
    const [least, members] = [needed.get(audience.index)!, after.get(audience.index) ?? []];
    const enough = members.findIndex((count) => count >= least);
    const rung = Math.max(0, enough);
    const mean = means.get(audience.segment);
    const widening: Widening = {
      least,
      of_segment: members[0] ?? 0,
      by: mean ? steps(audience.segment, mean, run.job.currency).slice(0, rung) : [],
      skipped: rung > 0 ? null : tooFew(members),
    };
    return { ...audience, rung, widening };
  });
}

/** @returns the members of each audience with none, one, two and all of the rungs, by its index */
async function sizes(
  run: RunContext,
  destination: JobDestination,
  audiences: readonly PlannedAudience[],
): Promise<Map<number, number[]>> {
  const counts = Array.from(
    { length: RUNGS + 1 },
    (_, rung) =>
      `toUInt32(uniqExactIf(member, rung <= ${rung}) - uniqExactIf(member, rung <= ${rung} AND held_out))`,
  );
  const widest = audiences.map((audience) => ({ ...audience, rung: RUNGS }));
  const rows = await run.engine.query<{ audience: number; members: number[] }>(
    `SELECT audience, [${counts.join(', ')}] AS members
     FROM (SELECT audience, rung, held_out, ${memberKey(destination)} AS member FROM ${audienceCustomers(widest)}
           WHERE member != '' AND ${consent(destination)})
     GROUP BY audience`,
    audienceParams(run, widest),
  );
  return new Map(rows.map(({ audience, members }) => [audience, members]));
}

type Mean = { value: string; predicted: boolean };

/** What a customer of each segment is worth on average: by prediction, or by the revenue of 12 months without one. */
async function meanValues(
  run: RunContext,
  audiences: readonly PlannedAudience[],
): Promise<Map<string, Mean>> {
  const rows = await run.engine.query<Mean & { segment: string }>(
    `SELECT segment, toString(toDecimal64(assumeNotNull(coalesce(avg(clv_12m), avg(revenue_12m))), 4)) AS value,
       count(clv_12m) > 0 AS predicted
     FROM (SELECT arrayJoin(arrayIntersect(segments, {segments:Array(String)})) AS segment, revenue_12m, clv_12m
           FROM assignments WHERE job = {job:String} AND run_id = {run:String})
     GROUP BY segment`,
    audienceParams(run, audiences),
  );
  return new Map(rows.map(({ segment, ...mean }) => [segment, mean]));
}

/** Stores the customers of every rung of each audience; those of the segment itself among them. */
async function storeRungs(
  run: RunContext,
  audiences: readonly { index: number; mean: string }[],
): Promise<void> {
  if (audiences.length === 0) return;
  const ids = { job: run.job.name, run: run.run_id };
  const rule = run.job.segments.value_tier ?? SegmentSettings.parse({ value_tier: {} }).value_tier!;
  const tier = await valueTier(run.engine, ids, rule);
  await run.engine.command(
    `INSERT INTO widened (job, run_id, audience, rung, customer)
     SELECT {job:String}, {run:String}, pair.1, multiIf(revenue > toDecimal64(pair.2, 4), 1, tier = 'high', 2, 3), customer
     FROM (SELECT customer, revenue, ${tier.segment} AS tier FROM ${facts([...tier.columns, 'revenue'])}) AS f
     CROSS JOIN (SELECT arrayJoin(arrayZip({audiences:Array(UInt32)}, {means:Array(String)})) AS pair) AS small
     WHERE revenue > toDecimal64(pair.2, 4) OR tier != 'low'`,
    {
      ...ids,
      ...tier.params,
      audiences: audiences.map(({ index }) => index),
      means: audiences.map(({ mean }) => mean),
    },
  );
}

function steps(segment: string, { value, predicted }: Mean, currency: string): string[] {
  const mean = predicted ? 'mean CLV' : 'mean revenue of 12 months';
  return [
    `customers who spent more than ${Number(value).toFixed(2)} ${currency}, the ${mean} of ${segment}`,
    'the value tier high',
    'the value tier medium',
  ];
}

function tooFew(members: readonly number[]): string {
  if (!members[0]) return 'there is nobody in the segment who may be sent, so nobody to go by';
  return `with everybody down to the value tier medium there would be ${members[RUNGS]} members`;
}
