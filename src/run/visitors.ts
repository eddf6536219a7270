import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { ORDER_KEYS, purchasesSeen } from '../ledger/visitors.ts';
import { EVENT_NODE, NODE } from './people.ts';
import { sourceKeys } from './pull.ts';
import { LABELS, person } from './purchases.ts';
import type { RunContext } from './run.ts';

/** Orders by what analytics may call them: `key`, `node`, `number`, `at`. Tests of the shop's own are nobody's. */
const KEYED = `
  SELECT arrayJoin(${ORDER_KEYS}) AS key, ${NODE} AS node, if(o.number = '', order_id, o.number) AS number, ordered_at AS at
  FROM (SELECT * FROM orders FINAL WHERE source IN {sources:Array(String)} AND NOT is_test) AS o WHERE node != ''`;

/**
 * The number of one order may be the id of another, and shops count alike; but it is on its own day that an order is
 * placed. Between the clocks of a site and of a shop, and a payment that takes its time, lie so many days at most.
 */
const NEAR = `abs(dateDiff('day', toDate32(at), day)) <= 3`;

/** The people whose orders analytics names: `source`, `key`, `owners`. */
const OWNERS = `
  SELECT source, key, groupUniqArray(customer) AS owners FROM (
    SELECT source, key, ${person('placed')}
    FROM (SELECT seen.source AS source, key, node FROM (${KEYED}) AS ordered
      INNER JOIN (SELECT DISTINCT source, key, day FROM (${purchasesSeen()})) AS seen USING (key) WHERE ${NEAR}) AS placed
    LEFT JOIN ${LABELS} ON known.node = placed.node)
  GROUP BY source, key`;

/** Visitors by whose orders they placed: `source`, `visitor`, `people`. Keys of several people say nothing. */
const PLACED = `
  SELECT source, visitor, groupUniqArrayArray(owners) AS people
  FROM (${purchasesSeen()}) AS seen INNER JOIN (${OWNERS}) AS known USING (source, key)
  WHERE length(owners) = 1 GROUP BY source, visitor`;

/**
 * Gives the visits of a device, or of a customer id that only the site uses, to the one person whose orders were placed
 * there. Where orders of several people were (a shared computer, a shop's till), they are nobody's: such a device must
 * not make two people one.
 * @param round whose labels hold; those of visitors are added to it
 */
export async function joinVisitors(run: RunContext, round: number): Promise<void> {
  const params = paramsOf(run, round);
  if (!(await hasPurchases(run))) return;
  await run.engine.command(
    `INSERT INTO identity_labels (job, run_id, round, node, label)
     SELECT {job:String}, {run:String}, {round:UInt8}, visitor, people[1] FROM (${PLACED})
     WHERE length(people) = 1 AND visitor NOT IN (SELECT node FROM ${LABELS})`,
    params,
  );
}

async function hasPurchases({ engine, job }: Pick<RunContext, 'engine' | 'job'>): Promise<boolean> {
  const rows = await engine.query(
    'SELECT 1 FROM visitor_orders WHERE source IN {sources:Array(String)} LIMIT 1',
    {
      sources: sourceKeys(job),
    },
  );
  return rows.length > 0;
}

function paramsOf(run: RunContext, round: number) {
  return { job: run.job.name, run: run.run_id, as_of: run.as_of, sources: sourceKeys(run.job), round };
}

/**
 * Of these names of one person: which visitor placed which of their orders, each visitor once, its first order by
 * number. Nothing of it is asked where analytics names no order.
 */
export async function ordersPlaced(
  engine: Engine,
  job: Job,
  nodes: readonly string[],
): Promise<{ visitor: string; node: string; order: string }[]> {
  if (!(await hasPurchases({ engine, job }))) return [];
  return engine.query(
    `SELECT visitor, argMin(node, number) AS node, min(number) AS order
     FROM (SELECT * FROM (${KEYED}) WHERE node IN {nodes:Array(String)}) AS ordered
     INNER JOIN (SELECT visitor, key, day FROM (${purchasesSeen()}) WHERE visitor IN {nodes:Array(String)}) AS seen USING (key)
     WHERE ${NEAR}
     GROUP BY visitor ORDER BY visitor`,
    { sources: sourceKeys(job), nodes },
  );
}

type Visits = { source: string; visitors: number; known: number };
type Purchases = { source: string; purchases: number; matched: number; ambiguous: number };
type Shared = { source: string; shared: number };

/**
 * How many of the visitors of each source with analytics are known to be customers, and what kept others from it, a
 * sentence each. To be asked for once the profiles of the run are there.
 */
export async function visitorNotes(run: RunContext, round: number): Promise<string[]> {
  const params = paramsOf(run, round);
  const visits = await run.engine.query<Visits>(VISITORS, { ...params, timezone: run.job.timezone });
  if (visits.length === 0) return [];
  const [purchases, shared] = await Promise.all([
    run.engine.query<Purchases>(PURCHASES, params),
    run.engine.query<Shared>(SHARED, params),
  ]);
  return visits.flatMap(({ source, visitors, known }) => {
    const name = run.job.sources.find(({ key }) => key === source)!.name;
    const bought = purchases.find((one) => one.source === source);
    const both = shared.find((one) => one.source === source)?.shared ?? 0;
    const share = ((known / visitors) * 100).toLocaleString('en', { maximumFractionDigits: 1 });
    return [
      `${name}: ${known} of ${visitors} visitors of the last 12 months are customers (${share} %); ${bought?.matched ?? 0} of the ${bought?.purchases ?? 0} purchases it names are orders of this job`,
      ...(bought?.ambiguous
        ? [
            `${name}: ${bought.ambiguous} purchases have the number of orders of several customers, and tell nothing`,
          ]
        : []),
      ...(both > 0
        ? [
            `${name}: ${both} visitors placed orders of different customers; their visits count for none of them`,
          ]
        : []),
    ];
  });
}

/** Their event ids make visits of analytics a range of the table's key. */
const VISITORS = `
  SELECT source, toUInt32(uniqExact(node)) AS visitors, toUInt32(uniqExactIf(node, customer IN (
      SELECT customer FROM profiles WHERE job = {job:String} AND run_id = {run:String}))) AS known
  FROM (
    SELECT source, came.node AS node, ${person('came')}
    FROM (SELECT source, ${EVENT_NODE} AS node FROM events FINAL
      WHERE source IN {sources:Array(String)} AND startsWith(event_id, 'ga4:')
        AND dateDiff('day', toDate32(at, {timezone:String}), {as_of:Date32}) BETWEEN 0 AND 364) AS came
    LEFT JOIN ${LABELS} ON known.node = came.node)
  GROUP BY source`;

const PURCHASES = `
  SELECT source, toUInt32(uniqExact(key)) AS purchases, toUInt32(uniqExactIf(key, length(owners) = 1)) AS matched,
    toUInt32(uniqExactIf(key, length(owners) > 1)) AS ambiguous
  FROM (${purchasesSeen()}) AS seen LEFT JOIN (${OWNERS}) AS known USING (source, key) GROUP BY source`;

const SHARED = `SELECT source, toUInt32(count()) AS shared FROM (${PLACED}) WHERE length(people) > 1 GROUP BY source`;
