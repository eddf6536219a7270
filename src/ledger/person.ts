import { createTable, dropTable, mutate } from '../engine/definition.ts';
import type { Engine } from '../engine/engine.ts';
import { memberHash } from './member-hash.ts';
import { ORDER_KEYS, PURCHASE_IDENTITIES, purchasesSeen } from './visitors.ts';

/**
 * The identities of a person who is being erased, in a table of its own: a deletion is written down by the engine as
 * it was asked for, and must not spell an address out.
 */
const ERASING = 'erasing';
const IDENTITIES = `(SELECT identity FROM ${ERASING})`;

/** Records of the person: named by one of the identities. */
const THEIRS = `(concat('customer:', source, ':', customer_id) IN ${IDENTITIES}
  OR concat('email:', email) IN ${IDENTITIES} OR concat('phone:', phone) IN ${IDENTITIES})`;

const CUSTOMER = `customer IN ${IDENTITIES}`;
const ORDER = `(source, order_id) IN (SELECT source, order_id FROM orders WHERE ${THEIRS})`;

/** What is deleted, in this order: whatever the person can be found by goes last. */
const DELETIONS: readonly (readonly [table: string, where: string])[] = [
  ['order_lines', ORDER],
  ['refunds', ORDER],
  ...[
    'profiles',
    'favourites',
    'predictions',
    'scores',
    'counts',
    'holdouts',
    'assignments',
    'holdout_entries',
    'widened',
  ].map((table) => [table, CUSTOMER] as const),
  [
    'plan_keys',
    `has(arrayMap(identity -> ${memberHash('audience', 'identity')}, (SELECT groupArray(identity) FROM ${ERASING})), reinterpretAsUInt128(key))`,
  ],
  ...['plan_members', 'plan_properties'].map(
    (table) => [table, `member IN ${IDENTITIES} OR ${CUSTOMER}`] as const,
  ),
  ...['remote_members', 'offered', 'ledger', 'properties'].map(
    (table) => [table, `member IN ${IDENTITIES}`] as const,
  ),
  ['identity_links', `a IN ${IDENTITIES} OR b IN ${IDENTITIES}`],
  ['identity_labels', `node IN ${IDENTITIES} OR label IN ${IDENTITIES}`],
  ['histories', `node IN ${IDENTITIES}`],
  ['history_nodes', `node IN ${IDENTITIES} OR customer IN ${IDENTITIES}`],
  ['visitor_orders', `hasAny(${PURCHASE_IDENTITIES}, (SELECT groupArray(identity) FROM ${ERASING}))`],
  ['events', `${THEIRS} OR concat('device:', source, ':', device) IN ${IDENTITIES}`],
  ['orders', THEIRS],
  ['customers', THEIRS],
];

/** Steps from one identity to the next (address, customer id, another address …) that are followed. */
const MOST_STEPS = 20;

/**
 * Every identity of the person with this one: customer ids and addresses that stand in one record, and customer ids of
 * sources that share theirs, step by step. A phone number is theirs where nobody else uses it, a device where the runs
 * took it for theirs.
 * @param identity `email:…`, `phone:…` or `customer:<source>:<id>`
 */
export async function identitiesOf(engine: Engine, identity: string): Promise<string[]> {
  let known = [identity];
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const [row] = await engine.query<{ identities: string[] }>(
      `SELECT groupUniqArrayArray([concat('email:', email), concat('customer:', source, ':', customer_id)]) AS identities
       FROM (${PEOPLE}) WHERE concat('email:', email) IN {known:Array(String)}
         OR concat('customer:', source, ':', customer_id) IN {known:Array(String)}`,
      { known },
    );
    const found = (row?.identities ?? []).filter((one) => !/^(email:|customer:[^:]*:)$/.test(one));
    const shared = await engine.query<{ identity: string }>(SHARED_IDS, { known });
    const all = [...new Set([...known, ...found, ...shared.map(({ identity }) => identity)])].toSorted();
    if (all.length === known.length) break;
    known = all;
  }
  const phones = await engine.query<{ phone: string }>(
    `SELECT phone FROM (${PEOPLE}) WHERE phone != '' GROUP BY phone
     HAVING countIf(concat('email:', email) IN {known:Array(String)}
         OR concat('customer:', source, ':', customer_id) IN {known:Array(String)}) > 0
       AND countIf((email != '' OR customer_id != '') AND NOT (concat('email:', email) IN {known:Array(String)}
         OR concat('customer:', source, ':', customer_id) IN {known:Array(String)})) = 0`,
    { known },
  );
  const named = [...new Set([...known, ...phones.map(({ phone }) => `phone:${phone}`)])];
  const visitors = await engine.query<{ identity: string }>(VISITS, { known: named });
  return [...new Set([...named, ...visitors.map(({ identity }) => identity)])];
}

/**
 * Devices whose visits the runs took for theirs, and every purchase that analytics names and that has the number of
 * one of their orders: also one on a device that others use.
 */
const VISITS = `
  WITH theirs AS (SELECT job, run_id, label FROM identity_labels WHERE node IN {known:Array(String)}
    UNION ALL SELECT job, run_id, label FROM identity_labels WHERE label IN {known:Array(String)})
  SELECT DISTINCT node AS identity FROM identity_labels
  WHERE (job, run_id, label) GLOBAL IN theirs AND node IN (SELECT visitor FROM (${purchasesSeen('true')}))
  UNION DISTINCT SELECT transaction AS identity FROM (${purchasesSeen('true')})
  WHERE key IN (SELECT arrayJoin(${ORDER_KEYS}) FROM orders
    WHERE concat('email:', email) IN {known:Array(String)} OR concat('phone:', phone) IN {known:Array(String)}
      OR concat('customer:', source, ':', customer_id) IN {known:Array(String)})`;

/**
 * Customer ids that are one with a known one since their sources share them, as the runs of the jobs had it, and the
 * node that they hang on.
 */
const SHARED_IDS = `SELECT DISTINCT arrayJoin([a, b]) AS identity FROM identity_links
  WHERE (job, run_id, b) IN (SELECT job, run_id, b FROM identity_links WHERE startsWith(b, 'ids:') AND a IN {known:Array(String)})`;

const PEOPLE = ['orders', 'customers', 'events']
  .map((table) => `SELECT source, customer_id, email, phone FROM ${table}`)
  .join(' UNION ALL ');

/** Writes down who is to be erased, so that a deletion that was cut short can be ended. */
export async function beginErasing(engine: Engine, identities: readonly string[]): Promise<void> {
  await createTable(engine, ERASING, '(identity String) ENGINE = MergeTree ORDER BY identity', '0');
  await engine.insert(
    ERASING,
    identities.map((identity) => ({ identity })),
  );
}

/** The identities whose deletion was begun and has not ended. */
export async function beingErased(engine: Engine): Promise<string[]> {
  const [exists] = await engine.query(
    'SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    { name: ERASING },
  );
  if (!exists) return [];
  const rows = await engine.query<{ identity: string }>(`SELECT DISTINCT identity FROM ${ERASING}`);
  return rows.map(({ identity }) => identity);
}

/**
 * Deletes everything the store has of those being erased, and then that they were.
 * @returns how many rows each table lost
 */
export async function deleteErased(engine: Engine): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const [table, where] of DELETIONS) {
    const [row] = await engine.query<{ rows: number }>(
      `SELECT toUInt32(count()) AS rows FROM ${table} WHERE ${where}`,
    );
    if (!row?.rows) continue;
    await mutate(engine, table, `DELETE WHERE ${where}`);
    deleted[table] = row.rows;
  }
  await dropTable(engine, ERASING);
  return deleted;
}
