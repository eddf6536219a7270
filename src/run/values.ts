import type { FieldName } from '../job/fields.ts';
import { facts, MERGED } from '../models/facts.ts';

/** A member is sent again once what they are worth has moved by more than this share of what was sent. */
const WORTH_SENDING = 0.05;

const VALUE = 'Nullable(Decimal(18, 4))';

/**
 * SQL: rows of customers with a `value_field` each, and beside them `value`, what that field holds; NULL where it is
 * unknown or none is named. Bind `job` and `run`.
 * @param rows SQL with `customer` and `value_field`
 * @param fields those that may be named
 * @param which takes some of the customers, as `facts` does
 */
export function withValues(rows: string, fields: readonly FieldName[], which = ''): string {
  if (fields.length === 0) return `SELECT *, CAST(NULL, '${VALUE}') AS value FROM (${rows})`;
  const columns = fields.map((field) => `${field} AS worth_${field}`);
  const named = fields.map((field) => `value_field = '${field}', CAST(worth_${field}, '${VALUE}')`);
  return `SELECT c.*, multiIf(${named.join(', ')}, NULL) AS value FROM (${rows}) AS c
    LEFT JOIN (SELECT customer, ${columns.join(', ')} FROM ${facts(fields, which)}) AS worth USING (customer)
    ${MERGED}`;
}

/** SQL: whether what a member is worth has changed enough to be sent again. What is unknown now is left as it was. */
export function valueMoved(now: string, sent: string): string {
  const [one, other] = [`toFloat64(${now})`, `toFloat64(${sent})`];
  return `ifNull(${now} IS NOT NULL AND (${sent} IS NULL OR (${now} = 0) != (${sent} = 0)
    OR abs(${one} - ${other}) > ${WORTH_SENDING} * abs(${other})), false)`;
}
