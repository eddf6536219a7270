import { createHash } from 'node:crypto';
import { eachShard } from '../engine/each-shard.ts';
import type { Params } from '../engine/engine.ts';
import { dropHistories } from '../engine/partitions.ts';
import { sideBySide } from '../engine/side-by-side.ts';
import { LEFT_OUT_OF_ORDERS, MINE, OUT_OF_ORDERS, PACKED } from './bought.ts';
import { NODE } from './people.ts';
import { LABELS, LEFT_OUT, LEFT_OUT_DETAIL, ORDERS } from './purchases.ts';
import type { RunContext } from './run.ts';
import { momentOf, newRunId, recordRun } from './state.ts';

const CHANGED = `(SELECT node FROM history_nodes WHERE ${MINE} AND what = 'changed')`;

export type Keeping = {
  /** From so many orders on; fewer are all read in no more time than it takes to look for those that changed. */
  many_orders: number;
  /** Up to this share of the nodes may have changed; the orders of more are not picked out from among all. */
  few_nodes: number;
};
const KEEPING: Keeping = { many_orders: 1_000_000, few_nodes: 0.25 };
/** What began longer ago does not go on, whatever is known of its end. */
const LONGEST_RUN_MS = 7 * 86_400_000;
/** So far the clocks of two machines may be apart. */
const SKEW_MS = 3_600_000;

/**
 * Keeps the purchases of a large shop by the node that made them (`people.ts`), so that the next run reads only the
 * orders of those of whom something changed: an order or a refund that was stored since, or one whose day has come.
 * Every order, also one that is left out, is in the history of one node, with its version. So all histories together
 * hold as many orders and versions as there are; where they do not, somebody's holds what is not theirs any more, and
 * all are made anew.
 *
 * @param params as `purchaseParams` says
 * @returns whether the run has histories
 */
export async function keepHistories(run: RunContext, params: Params, keeping = KEEPING): Promise<boolean> {
  const [all] = await run.engine.query<{ orders: number }>(
    'SELECT toFloat64(count()) AS orders FROM orders WHERE source IN {sources:Array(String)}',
    params,
  );
  if (all!.orders < keeping.many_orders) return false;
  const settings = settingsOf(params);
  const since = await beforeAllUnderWay(run);
  if (!(await bringUpToDate(run, { ...params, few: keeping.few_nodes }, settings))) {
    await dropHistories(run.engine, { job: run.job.name, run_id: run.run_id });
    await makeHistories(run, params, ALL);
  }
  const ids = { job: run.job.name, run_id: run.run_id, as_of: run.as_of };
  await recordRun(run.engine, ids, 'profiled', { settings, since } satisfies Kept);
  await run.engine.command(PUT_TOGETHER, params);
  return true;
}

/** What is known of the histories of a run: how they were made, and since which run they may lack what others stored. */
type Kept = { settings: string; since: string };

/** How orders were read; a history that was made otherwise is of no use. */
function settingsOf({ sources, timezone, currencies, rates }: Params): string {
  const how = [OUT_OF_ORDERS, LEFT_OUT_OF_ORDERS, sources, timezone, currencies, rates];
  return createHash('sha256').update(JSON.stringify(how)).digest('hex');
}

/** Other jobs may be storing records of the same sources: the run id that the runs under way now, this one too, come after. */
async function beforeAllUnderWay({ engine, job, run_id }: RunContext): Promise<string> {
  const [row] = await engine.query<{ oldest: string }>(
    `SELECT min(run_id) AS oldest FROM runs
     WHERE job != {job:String} AND event = 'started' AND run_id > {after:String} AND run_id NOT IN (
       SELECT run_id FROM runs WHERE event IN ('backfilled', 'planned', 'finished'))`,
    { job: job.name, after: newRunId(new Date(Date.now() - LONGEST_RUN_MS)) },
  );
  const moments = [run_id, row!.oldest].filter((id) => id !== '').map(momentOf);
  return newRunId(new Date(Math.min(...moments) - SKEW_MS));
}

/** Makes the run's histories out of those of an earlier one. @returns false where that is not to be had */
async function bringUpToDate(run: RunContext, params: Params, settings: string): Promise<boolean> {
  const { engine } = run;
  const [base] = await engine.query<{ run_id: string; as_of: string; detail: string }>(
    `SELECT run_id, toString(runs.as_of) AS as_of, detail FROM runs
     WHERE job = {job:String} AND event = 'profiled' AND runs.as_of <= {as_of:Date32}
       AND run_id IN (SELECT DISTINCT run_id FROM histories WHERE job = {job:String})
     ORDER BY run_id DESC LIMIT 1`,
    params,
  );
  if (!base) return false;
  const kept = JSON.parse(base.detail) as Kept;
  if (kept.settings !== settings) return false;
  const bound = { ...params, base: base.run_id, base_day: base.as_of, since: kept.since };
  await engine.command(NOTE_CHANGED, bound);
  const [changed] = await engine.query<{ few: boolean }>(
    `SELECT toBool((SELECT count() FROM ${CHANGED}) <= {few:Float64} *
       (SELECT count() FROM histories WHERE job = {job:String} AND run_id = {base:String})) AS few`,
    bound,
  );
  if (!changed!.few) return false;
  await sideBySide(engine, [
    () => engine.command(COPY_UNCHANGED, bound),
    () => makeHistories(run, params, OF_CHANGED),
  ]);
  const [sums] = await engine.query<{ whole: boolean }>(
    `SELECT toBool((SELECT (count(), sum(version)) FROM orders FINAL
        WHERE source IN {sources:Array(String)} AND toDate32(ordered_at, {timezone:String}) <= {as_of:Date32})
      = (SELECT (sum(orders), sum(versions)) FROM histories WHERE ${MINE})) AS whole`,
    params,
  );
  return sums!.whole;
}

const STORED_SINCE = 'run_id >= {since:String} AND run_id != {base:String}';
const AFTER = '> {base_day:Date32}';

/** Also of orders that were replaced, as long as the store has them: whoever is looked at needlessly stays the same. */
const NOTE_CHANGED = `
  INSERT INTO history_nodes (job, run_id, what, node)
  SELECT DISTINCT {job:String}, {run:String}, 'changed', node FROM ${eachShard(`
    SELECT ${NODE} AS node FROM orders
    WHERE source IN {sources:Array(String)} AND (${STORED_SINCE}
      OR toDate32(ordered_at, {timezone:String}) ${AFTER} OR toDate32(cancelled_at, {timezone:String}) ${AFTER}
      OR order_id IN (SELECT order_id FROM refunds
        WHERE source IN {sources:Array(String)} AND (${STORED_SINCE} OR toDate32(at, {timezone:String}) ${AFTER})))`)} AS changed`;

const COPY_UNCHANGED = `
  INSERT INTO histories (job, run_id, node, why, detail, orders, versions, bought_on)
  SELECT {job:String}, {run:String}, node, why, detail, orders, versions, bought_on FROM ${eachShard(`
    SELECT node, why, detail, orders, versions, bought_on FROM histories
    WHERE job = {job:String} AND run_id = {base:String} AND node NOT IN ${CHANGED}`)} AS unchanged`;

/** Some of the orders: which they are, what they are grouped by beside their node, and which of them were bought. */
type Slice = { which: string; why: string; detail: string; bought_on: string };

const BOUGHT_ON = `groupArrayIf(${PACKED}, purchase AND node != '')`;
/** Most orders are not left out: grouped by their node alone they take two thirds of the time. */
const ALL: readonly Slice[] = [
  { which: `${LEFT_OUT} = ''`, why: `''`, detail: `''`, bought_on: `groupArray(${PACKED})` },
  { which: `why != ''`, why: LEFT_OUT, detail: LEFT_OUT_DETAIL, bought_on: BOUGHT_ON },
];
const OF_CHANGED: readonly Slice[] = [
  {
    which: `node IN ${CHANGED}`,
    why: LEFT_OUT,
    detail: `if(why = '', '', ${LEFT_OUT_DETAIL})`,
    bought_on: BOUGHT_ON,
  },
];

async function makeHistories(
  { engine }: RunContext,
  params: Params,
  slices: readonly Slice[],
): Promise<void> {
  const inserts = slices.map(({ which, why, detail, bought_on }) => {
    const sql = `INSERT INTO histories (job, run_id, node, why, detail, orders, versions, bought_on)
       SELECT {job:String}, {run:String}, node, ${why} AS why, ${detail} AS detail, count(), sum(version),
         ${bought_on}
       FROM ${eachShard(ORDERS)} AS o WHERE ${which} GROUP BY node, why, detail`;
    return () => engine.command(sql, params);
  });
  await sideBySide(engine, inserts);
}

/** Those whose purchases stand in several rows: in those of several nodes, or with some whose currency has no rate. */
const PUT_TOGETHER = `
  INSERT INTO history_nodes (job, run_id, what, node, customer)
  SELECT DISTINCT {job:String}, {run:String}, 'together', arrayJoin([one, customer]), customer FROM ${eachShard(`
    SELECT node AS one, coalesce(nullIf(known.label, ''), one) AS customer FROM histories
    LEFT JOIN (SELECT node, label FROM ${LABELS} WHERE node != label) AS known USING (node)
    WHERE ${MINE} AND notEmpty(bought_on) AND (known.label != '' OR why = 'currency')`)} AS several`;
