import type { Params } from '../engine/engine.ts';
import { joinPeople, NODE } from './people.ts';
import { sourceKeys } from './pull.ts';
import type { RunContext } from './run.ts';

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
 */
export async function profile(run: RunContext): Promise<Profiled> {
  const round = await joinPeople(run);
  const params = { ...purchaseParams(run, round), window: valueWindow(run) };
  await run.engine.command(INSERT_PROFILES, params);
  const [[row], warnings] = await Promise.all([
    run.engine.query<{ customers: number }>(
      'SELECT toUInt32(count()) AS customers FROM profiles WHERE job = {job:String} AND run_id = {run:String}',
      params,
    ),
    leftOut(run, params),
  ]);
  return { customers: row?.customers ?? 0, round, warnings };
}

/**
 * What the statements on purchases take.
 * @param round which labels of the run hold
 */
export function purchaseParams(run: RunContext, round: number): Params {
  const rates = exchangeRates(run);
  return {
    job: run.job.name,
    run: run.run_id,
    sources: sourceKeys(run.job),
    as_of: run.as_of,
    timezone: run.job.timezone,
    currencies: Object.keys(rates),
    rates: Object.values(rates),
    round,
  };
}

/** The value axis of value_engagement looks back so many days. */
function valueWindow({ job }: RunContext): number {
  return job.segments.value_engagement?.value.window ?? 365;
}

function exchangeRates(run: RunContext): Record<string, string> {
  const given = Object.entries(run.job.exchange_rates ?? {}).map(([code, rate]) => [code, rate] as const);
  return { ...Object.fromEntries(given), [run.job.currency]: '1' };
}

/** The person behind the records of `rows`: the label of their node where it has others, else the node itself. */
function person(rows: string): string {
  return `coalesce(nullIf(known.label, ''), ${rows}.node) AS customer`;
}
const LABELS = `(SELECT node, label FROM identity_labels
  WHERE job = {job:String} AND run_id = {run:String} AND round = {round:UInt8}) AS known`;

/** Orders as of the date, each with its worth; `rate` is null where the currency has none. */
const ORDERS = `
  SELECT ${NODE} AS node, source, order_id, o.ordered_at AS ordered_at, toDate32(o.ordered_at, {timezone:String}) AS day,
    o.state AS state, o.currency AS currency, o.goods AS goods, coalesce(back.amount, 0) AS refunded, r.rate AS rate,
    o.counts AND NOT o.is_test AND NOT coalesce(toDate32(o.cancelled_at, {timezone:String}) <= {as_of:Date32}, false) AS paid,
    o.counts AS counts, o.is_test AS is_test,
    paid AND NOT (refunded > 0 AND refunded >= goods) AS purchase,
    toDecimal64(round(greatest(goods - refunded, 0) * coalesce(rate, 0), 4), 4) AS value
  FROM (SELECT * FROM orders FINAL WHERE source IN {sources:Array(String)}
        AND toDate32(ordered_at, {timezone:String}) <= {as_of:Date32}) AS o
  LEFT JOIN (SELECT source, order_id, version, sum(amount) AS amount FROM refunds FINAL
        WHERE source IN {sources:Array(String)} AND toDate32(at, {timezone:String}) <= {as_of:Date32}
        GROUP BY source, order_id, version) AS back USING (source, order_id, version)
  LEFT JOIN (SELECT pair.1 AS currency, toDecimal128(pair.2, 18) AS rate
        FROM (SELECT arrayJoin(arrayZip({currencies:Array(String)}, {rates:Array(String)})) AS pair)) AS r
    ON r.currency = o.currency`;

/**
 * Each customer's purchase days, those with at least one order, as known at the end of `as_of`: `customer`, `day`,
 * `day_orders`, `day_value`. Bind `purchaseParams`.
 */
export const PURCHASE_DAYS = `
  SELECT ${person('bought')}, day, count() AS day_orders, sum(value) AS day_value
  FROM (${ORDERS}) AS bought LEFT JOIN ${LABELS} ON known.node = bought.node
  WHERE purchase AND bought.node != '' GROUP BY customer, day`;

/**
 * The buying of each customer. What the models call repeats are the days after the first, and `repeat_value` is the
 * mean of their totals, 0 where there are none.
 */
const PURCHASES = `
  SELECT customer, sum(day_orders) AS orders, count() AS purchase_days, min(day) AS first_order, max(day) AS last_order,
    sum(day_value) AS revenue,
    if(purchase_days > 1, toFloat64(revenue - argMin(day_value, day)) / (purchase_days - 1), 0) AS repeat_value,
    sumIf(day_value, dateDiff('day', day, {as_of:Date32}) < 365) AS revenue_12m,
    sumIf(day_value, dateDiff('day', day, {as_of:Date32}) < {window:UInt32}) AS revenue_window
  FROM (${PURCHASE_DAYS}) GROUP BY customer`;

/** Each extra field as the newest description that has it says. */
const NEWEST_EXTRA = `arrayFold((known, newer) -> mapUpdate(known, mapFilter((name, text) -> text != '', newer.3)),
  arraySort(groupArrayIf((updated_at, record_key, described.extra), notEmpty(described.extra))),
  CAST(map(), 'Map(String, String)'))`;

/** Events of the last 12 months that are counted, by the profile's column. */
const EVENT_COUNTS = ['visit', 'open', 'click', 'review', 'referral'].map((type) => ({
  type,
  column: `${type}s_12m`,
}));

const INSERT_PROFILES = `
  INSERT INTO profiles (job, run_id, customer, customer_id, email, phone, first_name, last_name, city, region, zip,
    country, email_consent, sms_consent, ads_consent, acquisition_cost, service_cost, tags, extra, orders, purchase_days,
    first_order, last_order, last_visit, days_since_order, days_since_active, frequency, recency_days, age_days,
    repeat_value, revenue, revenue_12m, revenue_window, average_order_value, visits_12m, opens_12m, clicks_12m,
    reviews_12m, referrals_12m)
  SELECT {job:String}, {run:String}, customer, coalesce(who.customer_id, ''), coalesce(who.email, ''),
    coalesce(who.phone, ''), coalesce(who.first_name, ''), coalesce(who.last_name, ''), coalesce(who.city, ''),
    coalesce(who.region, ''), coalesce(who.zip, ''), coalesce(who.country, ''),
    coalesce(who.email_consent, 'unknown'), coalesce(who.sms_consent, 'unknown'), coalesce(who.ads_consent, 'unknown'),
    who.acquisition_cost, who.service_cost, who.tags, who.extra, bought.orders, bought.purchase_days, bought.first_order, bought.last_order, seen.last_visit,
    dateDiff('day', bought.last_order, {as_of:Date32}),
    dateDiff('day', greatest(bought.last_order, coalesce(seen.last_visit, bought.last_order)), {as_of:Date32}),
    bought.purchase_days - 1, dateDiff('day', bought.first_order, bought.last_order),
    dateDiff('day', bought.first_order, {as_of:Date32}), bought.repeat_value,
    bought.revenue, bought.revenue_12m, bought.revenue_window, toDecimal64(bought.revenue / bought.orders, 4),
    ${EVENT_COUNTS.map(({ column }) => `coalesce(seen.${column}, 0)`).join(', ')}
  FROM (${PURCHASES}) AS bought
  LEFT JOIN (
    SELECT ${person('happened')}, maxOrNullIf(day, type = 'visit') AS last_visit,
      ${EVENT_COUNTS.map(({ type, column }) => `countIf(type = '${type}' AND recent) AS ${column}`).join(', ')}
    FROM (SELECT ${NODE} AS node, type, toDate32(at, {timezone:String}) AS day,
            dateDiff('day', day, {as_of:Date32}) < 365 AS recent
          FROM events FINAL WHERE source IN {sources:Array(String)} AND day <= {as_of:Date32}) AS happened
    LEFT JOIN ${LABELS} ON known.node = happened.node
    GROUP BY customer
  ) AS seen USING (customer)
  LEFT JOIN (
    SELECT ${person('described')}, ${newest('customer_id')}, ${newest('email')}, ${newest('phone')},
      ${newest('first_name')}, ${newest('last_name')}, ${newest('city')}, ${newest('region')}, ${newest('zip')},
      ${newest('country')}, ${newestKnown('email_consent')}, ${newestKnown('sms_consent')}, ${newestKnown('ads_consent')},
      ${newestGiven('acquisition_cost')}, ${newestGiven('service_cost')},
      argMaxIf(described.tags, (updated_at, record_key), notEmpty(described.tags)) AS tags, ${NEWEST_EXTRA} AS extra
    FROM (
      SELECT ${NODE} AS node, * FROM customers FINAL WHERE source IN {sources:Array(String)}
    ) AS described LEFT JOIN ${LABELS} ON known.node = described.node
    GROUP BY customer
  ) AS who USING (customer)`;

/** The newest description that says something wins; what stands in the same place of two sources is not mixed up. */
function newest(field: string): string {
  return `argMaxIf(described.${field}, (updated_at, record_key), described.${field} != '') AS ${field}`;
}

function newestKnown(field: string): string {
  return `coalesce(nullIf(argMaxIf(described.${field}, (updated_at, record_key), described.${field} != 'unknown'), ''), 'unknown') AS ${field}`;
}

function newestGiven(field: string): string {
  return `argMaxIf(described.${field}, (updated_at, record_key), described.${field} IS NOT NULL) AS ${field}`;
}

async function leftOut(run: RunContext, params: object): Promise<string[]> {
  const rows = await run.engine.query<{ why: string; orders: number; detail: string }>(
    `SELECT multiIf(is_test, 'test', NOT paid, 'unpaid', NOT purchase, 'refunded', node = '', 'nobody',
                    rate IS NULL, 'currency', '') AS why,
       toUInt32(count()) AS orders,
       arrayStringConcat(arraySort(groupUniqArray(multiIf(why = 'currency', currency, counts, 'cancelled', state))), ', ') AS detail
     FROM (${ORDERS}) WHERE why != '' GROUP BY why ORDER BY why`,
    { ...params },
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
