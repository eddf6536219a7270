import { REASONS, type AnalyticsTable, type Rejection } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import { PURCHASE_IDENTITIES } from '../../ledger/visitors.ts';
import type { RunContext } from '../run.ts';
import { instant } from './dates.ts';
import { openEvents, type Events } from './ga4-columns.ts';
import type { Loaded } from './load.ts';
import { NOT_COMPILED, IN_ORDER } from './read.ts';
import { texts } from './sql.ts';
import { openStage, type Stage } from './stage.ts';
import { LISTED_REJECTIONS } from './told.ts';

/** Events that Google Analytics 4 keeps of somebody who is not there: sent by servers, or by what an app is told. */
const NO_VISITS =
  'refund app_remove app_clear_data app_update os_update notification_receive notification_dismiss notification_send';
const NOBODY = '(not set)';
/** What is no time of this century so far is a mistake, and the store holds no more. */
const LATEST_MS = Date.UTC(2100, 0, 1);

/**
 * Makes visits of a file of events, one of each person and day at the time of that day's first event, and notes who
 * placed which order. A person is the customer id of the site where a device logged in that day, else the device. Safe
 * to repeat: a day that has grown has the same visits, and more.
 * @param source the key of the source
 * @throws SyncError `SOURCE_MISSING_COLUMN`, or what reading the file throws
 */
export async function loadVisits(
  run: RunContext,
  source: string,
  table: AnalyticsTable,
  tombstones: Tombstones,
): Promise<Loaded> {
  const stage = openStage(run.engine, run.job.name);
  try {
    const groups = await readGroups(run, await openEvents(run, table, stage), stage);
    const visits = await makeVisits(run, groups, stage);
    const erased = await storeVisits(run, source, visits, tombstones);
    await storePurchases(run, source, groups, tombstones);
    return { ...(await tell(run, table, groups)), order_rows: 0, erased };
  } finally {
    await stage.drop();
  }
}

const GROUPED = {
  reason: 'LowCardinality(String)',
  row: 'UInt64',
  rows: 'UInt64',
  day: 'String',
  device: 'String',
  customer_id: 'String',
  transaction_id: 'String',
  first: 'Nullable(Int64)',
};

/** Sums up events by day, device, customer id and order; what cannot be read stays a row of its own, with the reason. */
async function readGroups(run: RunContext, events: Events, stage: Stage): Promise<string> {
  const groups = await stage.create('events', GROUPED, '(day, device)');
  const { cells } = events;
  const named = (cell: string) => `if(trim(${cell}) = ${literal(NOBODY)}, '', trim(${cell}))`;
  const columns = {
    row: 'rowNumberInAllBlocks() + 1',
    is_blank: events.isBlank,
    damage: events.damage,
    ...cells,
  };
  const read = `SELECT ${Object.entries(columns)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(', ')} FROM ${events.from}`;
  const understood = `SELECT row, replaceAll(date, '-', '') AS day, name, ${named('user')} AS customer_id, ${named('device')} AS device,
      if(name = 'purchase', ${named(`if(bought != '', bought, order)`)}, '') AS transaction_id, intDiv(toInt64OrZero(at), 1000) AS ms,
      multiIf(damage != '', damage, match(day, '^[0-9]{8}$') AND ms BETWEEN 1 AND ${LATEST_MS}, '', ${literal(REASONS.event_at)}) AS reason
    FROM (${read}) WHERE NOT is_blank`;
  await events.insert(
    `INSERT INTO ${groups} (reason, row, rows, day, device, customer_id, transaction_id, first)
     SELECT reason, min(row), count(), day, device, customer_id, transaction_id, minOrNullIf(ms, name NOT IN (${texts(NO_VISITS.split(' '))}))
     FROM (${understood})
     GROUP BY reason, if(reason = '', 0, row), day, device, customer_id, transaction_id`,
    [...IN_ORDER, NOT_COMPILED, ...events.settings],
  );
  return groups;
}

/** One row for each person and day, under the id of the event. */
async function makeVisits(run: RunContext, groups: string, stage: Stage): Promise<string> {
  const visits = await stage.create(
    'visits',
    { event_id: 'String', at: 'Int64', device: 'String', customer_id: 'String' },
    'event_id',
  );
  const day = `concat(substring(day, 1, 4), '-', substring(day, 5, 2), '-', substring(day, 7, 2))`;
  await run.engine.command(
    `INSERT INTO ${visits} (event_id, at, device, customer_id)
     SELECT concat('ga4:', if(person.1 != '', concat('user:', person.1), concat('device:', person.2)), ':', ${day}),
       min(first), person.2, person.1
     FROM (
       SELECT day, assumeNotNull(min(groups.first)) AS first, arrayFilter(id -> id != '', groupUniqArray(customer_id)) AS ids,
         arrayJoin(if(empty(ids), [('', device)], arrayMap(id -> (id, ''), ids))) AS person
       FROM ${groups} AS groups WHERE reason = '' AND isNotNull(groups.first) AND (device != '' OR customer_id != '')
       GROUP BY day, device, if(device = '', customer_id, ''))
     GROUP BY day, person`,
    {},
    { signal: run.signal },
  );
  return visits;
}

/**
 * Stores visits; one that is there already keeps the earlier time, since a day may come in several files.
 * @returns how many of people who were erased were left out
 */
async function storeVisits(
  run: RunContext,
  source: string,
  visits: string,
  tombstones: Tombstones,
): Promise<number> {
  const identities = `[concat('device:', ${literal(source)}, ':', device), concat('customer:', ${literal(source)}, ':', customer_id)]`;
  const erased = tombstones.size > 0 ? tombstones.coversSql(identities) : 'false';
  await run.engine.command(
    `INSERT INTO events (source, run_id, event_id, type, at, customer_id, device)
     SELECT ${literal(source)}, ${literal(run.run_id)}, event_id, 'visit', least(${instant('new.at')}, ifNull(known.at, ${instant('new.at')})), new.customer_id, new.device
     FROM (SELECT * FROM ${visits} WHERE NOT ${erased}) AS new
     LEFT ANY JOIN (SELECT event_id, min(at) AS at FROM events
       WHERE source = ${literal(source)} AND event_id IN (SELECT event_id FROM ${visits}) GROUP BY event_id) AS known USING (event_id)`,
    {},
    { signal: run.signal },
  );
  if (tombstones.size === 0) return 0;
  const [row] = await run.engine.query<{ count: string }>(
    `SELECT count() AS count FROM ${visits} WHERE ${erased}`,
  );
  return Number(row!.count);
}

async function storePurchases(
  run: RunContext,
  source: string,
  groups: string,
  tombstones: Tombstones,
): Promise<void> {
  const erased = tombstones.size > 0 ? tombstones.coversSql(PURCHASE_IDENTITIES) : 'false';
  await run.engine.command(
    `INSERT INTO visitor_orders (source, run_id, device, customer_id, transaction_id, day)
     SELECT DISTINCT ${literal(source)} AS source, ${literal(run.run_id)}, device, customer_id, transaction_id,
       toDate32(${instant('assumeNotNull(first)')})
     FROM ${groups} WHERE reason = '' AND isNotNull(first) AND transaction_id != '' AND (device != '' OR customer_id != '') AND NOT ${erased}`,
    {},
    { signal: run.signal },
  );
}

async function tell({ engine }: RunContext, { name }: AnalyticsTable, groups: string) {
  const reasons = await engine.query<{ reason: string; rows: string; first: string }>(
    `SELECT toString(reason) AS reason, sum(rows) AS rows, min(row) AS first FROM ${groups} GROUP BY reason ORDER BY first`,
  );
  const rejected = await engine.query<{ line: string; reason: string }>(
    `SELECT row AS line, toString(reason) AS reason FROM ${groups} WHERE reason != '' ORDER BY row LIMIT ${LISTED_REJECTIONS}`,
  );
  const rows = reasons.reduce((sum, { rows }) => sum + Number(rows), 0);
  return {
    rows,
    reasons: new Map(
      reasons.filter(({ reason }) => reason !== '').map(({ reason, rows }) => [reason, Number(rows)]),
    ),
    rejections: rejected.map(({ line, reason }): Rejection => ({ source: name, line: Number(line), reason })),
    warnings: rows === 0 ? [`${name} holds no rows.`] : [],
  };
}
