import { BY_PEOPLE, EVENT_NODE, joinPeople, NODE } from './people.ts';
import { LABELS, LEFT_OUT, ORDERS, person, PURCHASE_DAYS, purchaseParams } from './purchases.ts';
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
 */
export async function profile(run: RunContext): Promise<Profiled> {
  const round = await joinPeople(run);
  await joinVisitors(run, round);
  const params = { ...purchaseParams(run, round), window: valueWindow(run) };
  const [orders] = await Promise.all([leftOut(run, params), run.engine.command(INSERT_PROFILES, params)]);
  const warnings = [...orders, ...(await visitorNotes(run, round))];
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
    FROM (SELECT ${EVENT_NODE} AS node, type, toDate32(at, {timezone:String}) AS day,
            dateDiff('day', day, {as_of:Date32}) < 365 AS recent
          FROM events FINAL
          WHERE source IN {sources:Array(String)} AND ${BY_PEOPLE} AND day <= {as_of:Date32}) AS happened
    LEFT JOIN ${LABELS} ON known.node = happened.node
    GROUP BY customer
  ) AS seen USING (customer)
  LEFT JOIN (
    SELECT ${person('described')}, ${newest('customer_id')}, ${newest('email')}, ${newest('phone')},
      ${newest('first_name')}, ${newest('last_name')}, ${newest('city')}, ${newest('region')}, ${newest('zip')},
      ${newest('country')}, ${newestKnown('email_consent')}, ${newestKnown('sms_consent')}, ${newestKnown('ads_consent')},
      ${newestGiven('acquisition_cost')}, ${newestGiven('service_cost')},
      arrayFilter(tag -> tag != '', argMaxIf(described.tags, (updated_at, record_key), notEmpty(described.tags))) AS tags,
      ${NEWEST_EXTRA} AS extra
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
    `SELECT ${LEFT_OUT} AS why,
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
