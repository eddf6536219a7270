const ORDER = 'cityHash64(source, order_id)';
const NODE = 'cityHash64(node)';
const CUSTOMER = 'cityHash64(customer)';
const MEMBER = 'cityHash64(member)';
/** A few rows, on the first shard: two processes decide by some of them, so they must be in one place. */
const FIRST = '0';

/**
 * By what the rows of each table are divided among the shards of a cluster: SQL of a number, of which the shard's is the
 * rest. All versions of a record meet on one shard, with what is looked up beside it: an order with its lines and
 * refunds, all that was computed of a customer, all that was told of a member.
 */
export const SHARD_KEYS: Record<string, string> = {
  orders: ORDER,
  order_lines: ORDER,
  refunds: ORDER,
  products: 'cityHash64(source, product_key)',
  customers: 'cityHash64(source, record_key)',
  events: 'cityHash64(source, event_id)',
  visitor_orders: 'cityHash64(source, transaction_id)',
  identity_links: 'cityHash64(a)',
  identity_labels: NODE,
  histories: NODE,
  history_nodes: NODE,
  profiles: CUSTOMER,
  predictions: CUSTOMER,
  favourites: CUSTOMER,
  scores: CUSTOMER,
  counts: CUSTOMER,
  holdouts: CUSTOMER,
  assignments: CUSTOMER,
  holdout_entries: CUSTOMER,
  widened: CUSTOMER,
  plan_keys: 'cityHash64(key)',
  plan_members: MEMBER,
  plan_properties: MEMBER,
  remote_members: MEMBER,
  offered: MEMBER,
  ledger: MEMBER,
  properties: MEMBER,
  clv_curves: FIRST,
  marks: FIRST,
  runs: FIRST,
  leases: FIRST,
  audiences: FIRST,
  tombstones: FIRST,
  alerts: FIRST,
};

/** @throws when nobody has said how the table is divided */
export function shardKey(table: string): string {
  const key = SHARD_KEYS[table];
  if (key === undefined) throw new Error(`Nothing says how ${table} is divided among shards.`);
  return key;
}
