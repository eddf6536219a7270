import { eachShard } from '../engine/each-shard.ts';
import { NODE } from './people.ts';
import { LABELS, person } from './purchases.ts';

/**
 * Which description is the newest: the greatest of these numbers, of 128 bits, of those of one moment always the same.
 * Comparing time and key instead would cost six times as much, for every field.
 */
const AGE = `bitShiftLeft(toInt128(toUnixTimestamp64Milli(updated_at)), 64) + cityHash64(source, record_key)`;

/** Each extra field as the newest description that has it says. */
const NEWEST_EXTRA = `arrayFold((known, newer) -> mapUpdate(known, mapFilter((name, text) -> text != '', newer.2)),
  arraySort(groupArrayIf((age, described.extra), notEmpty(described.extra))),
  CAST(map(), 'Map(String, String)'))`;

const TEXTS = [
  'customer_id',
  'email',
  'phone',
  'first_name',
  'last_name',
  'city',
  'region',
  'zip',
  'country',
];
const CONSENTS = ['email_consent', 'sms_consent', 'ads_consent'];
const COSTS = ['acquisition_cost', 'service_cost'];

/** What descriptions may say of a person: when one does, what a profile holds of it, and what it is without any. */
export const SAYS: Record<string, { said: string; newest: string; unsaid: string }> = {
  ...Object.fromEntries(
    TEXTS.map((name) => [name, { said: `${name} != ''`, newest: newest(name, `!= ''`), unsaid: `''` }]),
  ),
  ...Object.fromEntries(
    CONSENTS.map((name) => [
      name,
      {
        said: `${name} != 'unknown'`,
        newest: `coalesce(nullIf(${newest(name, `!= 'unknown'`)}, ''), 'unknown')`,
        unsaid: `'unknown'`,
      },
    ]),
  ),
  ...Object.fromEntries(
    COSTS.map((name) => [
      name,
      { said: `${name} IS NOT NULL`, newest: newest(name, 'IS NOT NULL'), unsaid: 'NULL' },
    ]),
  ),
  tags: {
    said: 'notEmpty(tags)',
    newest: `arrayFilter(tag -> tag != '', argMaxIf(described.tags, age, notEmpty(described.tags)))`,
    unsaid: '[]',
  },
  extra: { said: 'notEmpty(extra)', newest: NEWEST_EXTRA, unsaid: 'map()' },
};

/** The newest description that says something wins; what stands in the same place of two sources is not mixed up. */
function newest(field: string, says: string): string {
  return `argMaxIf(described.${field}, age, described.${field} ${says})`;
}

/** SQL of what these fields are for each customer, joined as `who`. Bind `purchaseParams`. */
export function whoSql(fields: readonly string[]): string {
  return `LEFT JOIN (
    SELECT ${person('described')}, ${fields.map((name) => `${SAYS[name]!.newest} AS ${name}`).join(', ')}
    FROM ${eachShard(`
      SELECT ${NODE} AS node, ${AGE} AS age, ${fields.join(', ')}
      FROM customers FINAL WHERE source IN {sources:Array(String)}`)} AS described LEFT JOIN ${LABELS} ON known.node = described.node
    GROUP BY customer
  ) AS who USING (customer)`;
}
