import { eachShard } from '../engine/each-shard.ts';
import type { Params } from '../engine/engine.ts';
import { sideBySide } from '../engine/side-by-side.ts';
import {
  DAY_ZERO,
  dayNumber,
  LEFT_OUT_OF_HISTORIES,
  LEFT_OUT_OF_ORDERS,
  OUT_OF_HISTORIES,
  OUT_OF_ORDERS,
  SPENT_BITS,
} from './bought.ts';
import { SAYS, whoSql } from './described.ts';
import { keepHistories, type Keeping } from './histories.ts';
import { BY_PEOPLE, EVENT_NODE, joinPeople } from './people.ts';
import { LABELS, person, purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';
import { joinVisitors, visitorNotes } from './visitors.ts';

export type Profiled = {
  customers: number;
  /** The round of `identity_labels` that says which records are one person's. */
  round: number;
  warnings: string[];
};

/**
 * Computes one profile per customer as of the run's date and notes what was left out of it, and why.
 *
 * A customer is a person with at least one purchase: an order that counts, is no test, was not cancelled by then and
 * was not given back whole. Its value is goods less refunds, in the job's currency. Records after `as_of` do not
 * exist; days are those of the job's time zone.
 * @param keeping when histories are kept for the next run
 */
export async function profile(run: RunContext, keeping?: Keeping): Promise<Profiled> {
  const round = await joinPeople(run);
  await joinVisitors(run, round);
  const params = { ...purchaseParams(run, round), window: valueWindow(run) };
  const told = await toldBy(run, params);
  const kept = await keepHistories(run, params, keeping);
  const [orders] = await sideBySide<string[] | void>(run.engine, [
    () => leftOut(run, params, kept ? LEFT_OUT_OF_HISTORIES : LEFT_OUT_OF_ORDERS),
    () => run.engine.command(insertProfiles(told, kept ? OUT_OF_HISTORIES : OUT_OF_ORDERS), params),
  ]);
  const warnings = [...(orders ?? []), ...(told.events ? await visitorNotes(run, round) : [])];
  const [row] = await run.engine.query<{ customers: number }>(
    'SELECT toUInt32(count()) AS customers FROM profiles WHERE job = {job:String} AND run_id = {run:String}',
    params,
  );
  return { customers: row?.customers ?? 0, round, warnings };
}

/** The value axis of value_engagement looks back so many days. */
function valueWindow({ job }: RunContext): number {
  return job.segments.value_engagement?.value.window ?? 365;
}

const AS_OF_DAY = dayNumber('{as_of:Date32}');

/** What was spent on the days, of those of the list, that a condition on `day` says. */
function spentOn(days: string): string {
  return `arraySum((one, day) -> if(${days}, bitAnd(one, ${2n ** BigInt(SPENT_BITS) - 1n}), 0), bought_on, days)`;
}

const money = (units: string) => `toDecimal128(${units}, 4) / 10000`;

/**
 * The buying of each customer. What the models call repeats are the days after the first, and `repeat_value` is the
 * mean of their totals, 0 where there are none. Grouped by customer alone, since there are nearly as many days as orders.
 */
const purchases = (boughtOn: string) => `
  SELECT customer, length(bought_on) AS orders,
    arrayMap(one -> toInt32(bitShiftRight(one, ${SPENT_BITS})), bought_on) AS days, arrayMin(days) AS first_day,
    arrayUniq(days) AS purchase_days, ${DAY_ZERO} + first_day AS first_order, ${DAY_ZERO} + arrayMax(days) AS last_order,
    ${money(spentOn('true'))} AS revenue, ${money(spentOn(`day > ${AS_OF_DAY} - 365`))} AS revenue_12m,
    ${money(spentOn(`day > ${AS_OF_DAY} - {window:UInt32}`))} AS revenue_window,
    if(purchase_days > 1, toFloat64(${spentOn('day > first_day')}) / 10000 / (purchase_days - 1), 0) AS repeat_value
  FROM (${boughtOn})`;

/** Events of the last 12 months that are counted, by the profile's column. */
const EVENT_COUNTS = ['visit', 'open', 'click', 'review', 'referral'].map((type) => ({
  type,
  column: `${type}s_12m`,
}));

/** What the records tell at all: of what no record does, no customer's profile needs to be looked up. */
type Told = { fields: string[]; events: boolean };

async function toldBy(run: RunContext, params: Params): Promise<Told> {
  const fields = Object.keys(SAYS);
  const [told] = await run.engine.query<{ fields: string[]; events: number }>(
    `SELECT arrayFilter((name, said) -> said, {fields:Array(String)}, [${fields.map((name) => `max(${SAYS[name]!.said})`).join(', ')}]) AS fields,
       (SELECT toUInt8(count() > 0) FROM (SELECT 1 FROM events WHERE source IN {sources:Array(String)} LIMIT 1)) AS events
     FROM customers WHERE source IN {sources:Array(String)}`,
    { ...params, fields },
  );
  return { fields: told!.fields, events: told!.events > 0 };
}

/** SQL that writes the profiles. */
function insertProfiles(told: Told, boughtOn: string): string {
  const is = (name: string) => told.fields.includes(name);
  const described = Object.entries(SAYS).map(([name, { unsaid }]) => {
    if (!is(name)) return unsaid;
    return unsaid === 'NULL' || name === 'tags' || name === 'extra'
      ? `who.${name}`
      : `coalesce(who.${name}, ${unsaid})`;
  });
  const seen = (column: string, otherwise: string) =>
    told.events ? `coalesce(seen.${column}, ${otherwise})` : otherwise;
  return `
  INSERT INTO profiles (job, run_id, customer, ${Object.keys(SAYS).join(', ')}, orders, purchase_days,
    first_order, last_order, last_visit, days_since_order, days_since_active, frequency, recency_days, age_days,
    repeat_value, revenue, revenue_12m, revenue_window, average_order_value, ${EVENT_COUNTS.map(({ column }) => column).join(', ')})
  SELECT {job:String}, {run:String}, customer, ${described.join(', ')}, bought.orders, bought.purchase_days,
    bought.first_order, bought.last_order, ${told.events ? 'seen.last_visit' : 'NULL'},
    dateDiff('day', bought.last_order, {as_of:Date32}),
    dateDiff('day', greatest(bought.last_order, ${seen('last_visit', 'bought.last_order')}), {as_of:Date32}),
    bought.purchase_days - 1, dateDiff('day', bought.first_order, bought.last_order),
    dateDiff('day', bought.first_order, {as_of:Date32}), bought.repeat_value,
    bought.revenue, bought.revenue_12m, bought.revenue_window, toDecimal64(bought.revenue / bought.orders, 4),
    ${EVENT_COUNTS.map(({ column }) => seen(column, '0')).join(', ')}
  FROM (${purchases(boughtOn)}) AS bought
  ${told.events ? SEEN : ''}
  ${told.fields.length > 0 ? whoSql(told.fields) : ''}`;
}

const SEEN = `LEFT JOIN (
    SELECT ${person('happened')}, maxOrNullIf(day, type = 'visit') AS last_visit,
      ${EVENT_COUNTS.map(({ type, column }) => `countIf(type = '${type}' AND recent) AS ${column}`).join(', ')}
    FROM ${eachShard(`SELECT ${EVENT_NODE} AS node, type, toDate32(at, {timezone:String}) AS day,
            dateDiff('day', day, {as_of:Date32}) < 365 AS recent
          FROM events FINAL
          WHERE source IN {sources:Array(String)} AND ${BY_PEOPLE} AND day <= {as_of:Date32}`)} AS happened
    LEFT JOIN ${LABELS} ON known.node = happened.node
    GROUP BY customer
  ) AS seen USING (customer)`;

async function leftOut(run: RunContext, params: Params, from: string): Promise<string[]> {
  const rows = await run.engine.query<{ why: string; orders: number; detail: string }>(
    `SELECT why, toUInt32(sum(orders)) AS orders, arrayStringConcat(arraySort(groupUniqArray(detail)), ', ') AS detail
     FROM (${from}) GROUP BY why ORDER BY why`,
    params,
  );
  return rows.map(({ why, orders, detail }) => {
    const one = orders === 1;
    const count = one ? '1 order' : `${orders} orders`;
    if (why === 'test') return `${count} left out: placed as a test`;
    if (why === 'unpaid') return `${count} left out: not paid, cancelled or voided (${detail})`;
    if (why === 'refunded') return `${count} left out: refunded in full`;
    if (why === 'nobody')
      return `${count} ${one ? 'belongs' : 'belong'} to nobody: no e-mail address, phone number or customer id`;
    const but = one ? 'counts as a purchase but adds' : 'count as purchases but add';
    return `${count} in ${detail} ${but} no revenue: exchange_rates has no rate for that`;
  });
}
