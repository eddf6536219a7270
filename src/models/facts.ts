import { eachShard } from '../engine/each-shard.ts';
import { FIELD_TABLES } from '../job/fields.ts';

/** Columns that models need beside the profile fields. */
const INNER = {
  profiles: ['revenue_window', 'frequency', 'recency_days', 'extra'],
  counts: ['bought', 'did', 'categories'],
} as const;

const TABLES: Record<string, readonly string[]> = {
  profiles: [...Object.keys(FIELD_TABLES.profiles), ...INNER.profiles],
  favourites: Object.keys(FIELD_TABLES.favourites),
  predictions: Object.keys(FIELD_TABLES.predictions),
  scores: Object.keys(FIELD_TABLES.scores),
  counts: INNER.counts,
};

/** Profile fields that are kept under another name. */
const KEPT_AS: Record<string, string> = { tenure_days: 'age_days AS tenure_days' };
/** Profile fields that are made of several columns. */
const MADE: Record<string, string> = {
  customer_id: `if(p.customer_id != '', p.customer_id, replaceRegexpOne(p.customer, '^email:', '')) AS customer_id`,
};

/**
 * What is computed of customers lies in the store by customer, so two of its tables are merged as they are read: in half
 * the time that a hash of all customers takes, and in no memory that grows with them. Where the engine makes of a join one
 * that it cannot merge, since a condition leaves out who has no row there, it is a hash after all.
 */
export const MERGED = `SETTINGS join_algorithm = 'full_sorting_merge,hash'`;

/**
 * What a run knows of its customers, as SQL that a FROM or JOIN can name: one row each with `customer` and `columns`.
 * What has not been computed (predictions without a model, say) is NULL. Bind `job` and `run`.
 * @param columns profile fields, and what the models keep beside them; only their tables are read
 * @param which SQL that takes some of the customers, before anything is joined; a condition that begins with AND
 */
export function facts(columns: readonly string[], which = ''): string {
  const mine = `WHERE job = {job:String} AND run_id = {run:String} ${which}`;
  const wanted = new Set(columns);
  const of = (table: string) => TABLES[table]!.filter((column) => wanted.has(column));
  const known = Object.values(TABLES).flat();
  const stranger = columns.find((column) => !known.includes(column));
  if (stranger !== undefined) throw new Error(`no table holds ${stranger}`);
  const joins = Object.keys(TABLES)
    .slice(1)
    .map((table) => {
      const held = of(table);
      if (held.length === 0) return '';
      return ` ANY LEFT JOIN (SELECT customer, ${held.join(', ')} FROM ${table} ${mine}) AS ${table} USING (customer)`;
    });
  const own = of('profiles').map((column) => MADE[column] ?? column);
  const others = Object.keys(TABLES).slice(1).flatMap(of);
  const read = ['customer', ...of('profiles').map((column) => KEPT_AS[column] ?? column)];
  return eachShard(
    `SELECT ${['customer', ...own, ...others].join(', ')} FROM (SELECT ${read.join(', ')} FROM profiles ${mine}) AS p${joins.join('')}${others.length > 0 ? ` ${MERGED}` : ''}`,
  );
}
