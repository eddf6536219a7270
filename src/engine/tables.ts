import { addColumn, createTable, shardOf } from './definition.ts';
import type { Engine } from './engine.ts';
import { shardKey } from './shards.ts';

/**
 * Every table of the store. Three kinds:
 *
 * - records (`orders` … `visitor_orders`): upserts. The greatest `version` of a key stands, so pulling twice changes nothing.
 * - computed (`identity_links`, `identity_labels`, `histories`, `history_nodes`, `profiles`, `clv_curves`, `predictions`, `favourites`, `scores`, `counts`, `holdouts`,
 *   `assignments`, `holdout_entries`, `plan_keys`, `plan_members`, `plan_properties`, `widened`, `remote_members`): written once per
 *   run under its `run_id` and read only after the run says that they are complete. Old ones are dropped by partition;
 *   assignments and holdout entries stay for as long as `retention` says.
 * - state (`marks`, `runs`, `leases`, `audiences`, `offered`, `ledger`, `properties`, `tombstones`, `alerts`): facts, appended and never changed; the present is a query over them.
 *   They are synced to disk before an insert is acknowledged, and a repeated insert with the same token is stored once. `offered` is emptied once
 *   the ledger knows the end of all that it tells; facts of long ago that decide nothing any more are deleted, but for tombstones.
 */
const STATE_SETTINGS =
  'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1';

const TABLES: Record<string, string> = {
  orders: `(
    source LowCardinality(String), run_id LowCardinality(String),
    order_id String, number String, customer_id String, email String, phone String,
    ordered_at DateTime64(3, 'UTC'), cancelled_at Nullable(DateTime64(3, 'UTC')),
    state LowCardinality(String), counts Bool, is_test Bool,
    currency LowCardinality(String), goods Decimal(18, 4), discount Nullable(Decimal(18, 4)),
    tax Nullable(Decimal(18, 4)), shipping Nullable(Decimal(18, 4)), total Nullable(Decimal(18, 4)),
    country LowCardinality(String), version UInt64,
    INDEX by_customer_id customer_id TYPE bloom_filter, INDEX by_email email TYPE bloom_filter,
    INDEX by_phone phone TYPE bloom_filter
  ) ENGINE = ReplacingMergeTree(version) ORDER BY (source, order_id)`,

  order_lines: `(
    source LowCardinality(String), run_id LowCardinality(String),
    order_id String, line_id String, product_id String, sku String, title String, category String, brand String,
    quantity Decimal(18, 4), net Decimal(18, 4), version UInt64
  ) ENGINE = ReplacingMergeTree(version) ORDER BY (source, order_id, line_id)`,

  products: `(
    source LowCardinality(String), run_id LowCardinality(String), product_key String,
    product_id String, sku String, title String, category String, brand String, collections Array(String), version UInt64
  ) ENGINE = ReplacingMergeTree(version) ORDER BY (source, product_key)`,

  refunds: `(
    source LowCardinality(String), run_id LowCardinality(String),
    refund_id String, order_id String, at DateTime64(3, 'UTC'), amount Decimal(18, 4), version UInt64
  ) ENGINE = ReplacingMergeTree(version) ORDER BY (source, order_id, refund_id)`,

  customers: `(
    source LowCardinality(String), run_id LowCardinality(String), record_key String,
    customer_id String, email String, phone String, first_name String, last_name String,
    city String, region String, zip String, country LowCardinality(String),
    email_consent LowCardinality(String), sms_consent LowCardinality(String), ads_consent LowCardinality(String),
    acquisition_cost Nullable(Decimal(18, 4)), service_cost Nullable(Decimal(18, 4)),
    tags Array(String), extra Map(String, String), updated_at DateTime64(3, 'UTC')
  ) ENGINE = ReplacingMergeTree(updated_at) ORDER BY (source, record_key)`,

  events: `(
    source LowCardinality(String), run_id LowCardinality(String),
    event_id String, type LowCardinality(String), at DateTime64(3, 'UTC'),
    customer_id String, email String, phone String, is_machine Nullable(Bool), device String
  ) ENGINE = ReplacingMergeTree ORDER BY (source, event_id)`,

  visitor_orders: `(
    source LowCardinality(String), run_id LowCardinality(String),
    device String, customer_id String, transaction_id String, day Date32
  ) ENGINE = ReplacingMergeTree ORDER BY (source, transaction_id, device, customer_id, day)`,

  identity_links: `(
    job LowCardinality(String), run_id LowCardinality(String), a String, b String
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (a, b)`,

  identity_labels: `(
    job LowCardinality(String), run_id LowCardinality(String), round UInt8, node String, label String,
    INDEX by_label label TYPE bloom_filter
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (round, node)`,

  histories: `(
    job LowCardinality(String), run_id LowCardinality(String), node String,
    why LowCardinality(String), detail LowCardinality(String), orders UInt32, versions UInt64, bought_on Array(Int128)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (node, why, detail)`,

  history_nodes: `(
    job LowCardinality(String), run_id LowCardinality(String), what LowCardinality(String), node String, customer String
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (what, node)`,

  profiles: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    customer_id String, email String, phone String, first_name String, last_name String,
    city String, region String, zip String, country LowCardinality(String),
    email_consent LowCardinality(String), sms_consent LowCardinality(String), ads_consent LowCardinality(String),
    acquisition_cost Nullable(Decimal(18, 4)), service_cost Nullable(Decimal(18, 4)),
    tags Array(String), extra Map(String, String), orders UInt32, purchase_days UInt32, first_order Date32, last_order Date32, last_visit Nullable(Date32),
    days_since_order UInt32, days_since_active UInt32,
    frequency UInt32, recency_days UInt32, age_days UInt32, repeat_value Float64,
    revenue Decimal(18, 4), revenue_12m Decimal(18, 4), revenue_window Decimal(18, 4),
    average_order_value Decimal(18, 4), visits_12m UInt32, opens_12m UInt32, clicks_12m UInt32, reviews_12m UInt32,
    referrals_12m UInt32
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  clv_curves: `(
    job LowCardinality(String), run_id LowCardinality(String), x UInt32, octave Int16,
    purchases Array(Float64), discounted Array(Float64)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (x, octave)`,

  predictions: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    p_alive Float64, expected_purchases Float64, expected_order_value Float64, clv_12m Decimal(18, 4)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  favourites: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    favourite_product String, favourite_category String, favourite_brand String, next_order Nullable(Date32)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  scores: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    r_score UInt8, f_score UInt8, m_score UInt8, engagement_score Float64
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  counts: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    bought Array(Tuple(orders UInt32, quantity Decimal(18, 4), spent Decimal(18, 4))), did Array(UInt32),
    categories Array(Array(String))
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  holdouts: `(
    job LowCardinality(String), run_id LowCardinality(String), customer String,
    purchases UInt32, revenue Decimal(18, 4)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY customer`,

  assignments: `(
    job LowCardinality(String), run_id LowCardinality(String), as_of Date32,
    customer String, segments Array(LowCardinality(String)),
    revenue_12m Decimal(18, 4), clv_12m Nullable(Decimal(18, 4))
  ) ENGINE = MergeTree PARTITION BY job ORDER BY (run_id, customer)`,

  holdout_entries: `(
    job LowCardinality(String), run_id LowCardinality(String), segment LowCardinality(String), share Float64,
    customer String, held_out Bool, entered Date32
  ) ENGINE = MergeTree PARTITION BY job ORDER BY (segment, share, customer)`,

  plan_members: `(
    job LowCardinality(String), run_id LowCardinality(String), audience UInt32, op LowCardinality(String),
    member String, customer String, email String, phone String, first_name String, last_name String,
    city String, region String, zip String, country LowCardinality(String), value Nullable(Decimal(18, 4)),
    texts_hash UInt64
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (audience, op, member)`,

  plan_keys: `(
    job LowCardinality(String), run_id LowCardinality(String), audience UInt32, op LowCardinality(String),
    key FixedString(16), customer UInt64, shared Bool, customers UInt32, wanted UInt32, held_out UInt32, without_consent UInt32,
    unreachable UInt32
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (audience, op)`,

  widened: `(
    job LowCardinality(String), run_id LowCardinality(String), audience UInt32, rung UInt8, customer String
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (audience, rung, customer)`,

  remote_members: `(
    job LowCardinality(String), run_id LowCardinality(String), audience UInt32, member String
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (audience, member)`,

  plan_properties: `(
    job LowCardinality(String), run_id LowCardinality(String), destination LowCardinality(String), member String,
    customer String, parked Bool, changed Map(String, String), hashes Map(String, UInt64)
  ) ENGINE = MergeTree PARTITION BY (job, run_id) ORDER BY (destination, member)`,

  marks: `(
    source LowCardinality(String), reading LowCardinality(String), part String, mark String,
    run_id LowCardinality(String), seq UInt64
  ) ENGINE = MergeTree ORDER BY (source, part, seq) ${STATE_SETTINGS}`,

  runs: `(
    job LowCardinality(String), run_id String, event LowCardinality(String), at DateTime64(3, 'UTC'),
    as_of Date32, detail String
  ) ENGINE = MergeTree ORDER BY (job, run_id, at) ${STATE_SETTINGS}`,

  leases: `(
    job LowCardinality(String), owner String, event LowCardinality(String), seq UInt64,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
  ) ENGINE = MergeTree ORDER BY (job, at) TTL toDateTime(at) + INTERVAL 1 DAY ${STATE_SETTINGS}`,

  audiences: `(
    job LowCardinality(String), destination LowCardinality(String), account String, name String,
    remote_id String, at DateTime64(3, 'UTC'), segment Nullable(String), settings Nullable(String)
  ) ENGINE = MergeTree ORDER BY (job, destination, account, name) ${STATE_SETTINGS}`,

  tombstones: `(
    salt String, hash String, at DateTime64(3, 'UTC')
  ) ENGINE = MergeTree ORDER BY hash ${STATE_SETTINGS}`,

  offered: `(
    job LowCardinality(String), destination LowCardinality(String), account String, remote_id String, member String,
    seq UInt64
  ) ENGINE = ReplacingMergeTree(seq) PARTITION BY (job, destination, account) ORDER BY (remote_id, member) ${STATE_SETTINGS}`,

  ledger: `(
    job LowCardinality(String), destination LowCardinality(String), account String, remote_id String,
    member String, op LowCardinality(String), result LowCardinality(String), reason LowCardinality(String),
    permanent Bool, run_id LowCardinality(String), seq UInt64, platform_id String, value Nullable(Decimal(18, 4)),
    texts_hash UInt64
  ) ENGINE = MergeTree ORDER BY (job, destination, account, remote_id, member, seq) ${STATE_SETTINGS}`,

  properties: `(
    job LowCardinality(String), destination LowCardinality(String), account String, member String,
    hashes Map(String, UInt64), result LowCardinality(String), reason LowCardinality(String), permanent Bool,
    run_id LowCardinality(String), seq UInt64, platform_id String
  ) ENGINE = MergeTree ORDER BY (job, destination, account, member, seq) ${STATE_SETTINGS}`,

  alerts: `(
    job LowCardinality(String), key String, kind LowCardinality(String), channel LowCardinality(String),
    event LowCardinality(String), at DateTime64(3, 'UTC'), seq UInt64, detail String
  ) ENGINE = MergeTree ORDER BY (job, seq) ${STATE_SETTINGS}`,
};

/** Columns that stores made by earlier versions lack. */
const ADDED: Record<string, Record<string, string>> = {
  events: { is_machine: 'Nullable(Bool)', device: 'String' },
  audiences: { segment: 'Nullable(String)', settings: 'Nullable(String)' },
  plan_keys: { customer: 'UInt64' },
  plan_members: { value: 'Nullable(Decimal(18, 4))', texts_hash: 'UInt64' },
  ledger: { platform_id: 'String', value: 'Nullable(Decimal(18, 4))', texts_hash: 'UInt64' },
};

/** Creates whatever table or column is missing. Safe to repeat, also by several callers at once. */
export async function createTables(engine: Engine): Promise<void> {
  const rows = await engine.query<{ table: string; columns: string[] }>(
    'SELECT table, groupArray(name) AS columns FROM system.columns WHERE database = currentDatabase() GROUP BY table',
  );
  const existing = new Map(rows.map(({ table, columns }) => [table, columns]));
  const there = (name: string) => existing.has(name) && (!engine.cluster || existing.has(shardOf(name)));
  const missing = Object.entries(TABLES).filter(([name]) => !there(name));
  const lacking = Object.entries(ADDED).flatMap(([table, columns]) =>
    Object.entries(columns)
      .filter(([name]) => existing.get(table)?.includes(name) === false)
      .map(([name, type]) => ({ table, name, type })),
  );
  await Promise.all([
    ...missing.map(([name, definition]) => createTable(engine, name, definition, shardKey(name))),
    ...lacking.map(({ table, name, type }) => addColumn(engine, table, name, type)),
  ]);
}
