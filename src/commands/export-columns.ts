import { FIELDS } from '../job/fields.ts';
import { facts } from '../models/facts.ts';

/** Before the columns of the models; the others come after them. */
const FIRST = ['email', 'customer_id'];

/** @returns every column of a file with these models, in their order: a column for each model, and the profile fields */
export function columnsOf(models: readonly string[]): string[] {
  return [...FIRST, ...models, ...Object.keys(FIELDS).filter((column) => !FIRST.includes(column))];
}

/**
 * @param columns of `columnsOf(models)`
 * @returns SQL that gives `columns` and `customer` for each customer of a run who is in one of some segments. Bind
 *   `job`, `run` and `segments` (full names).
 */
export function exportedSql(columns: readonly string[], models: readonly string[]): string {
  // Only what is asked for is joined: each join holds all customers in memory.
  const fields = columns.filter((column) => Object.hasOwn(FIELDS, column));
  // A customer has one segment of each model, and any number of custom ones.
  const segment = (model: string) =>
    `arrayStringConcat(arrayMap(name -> substring(name, ${model.length + 2}),
       arrayFilter(name -> startsWith(name, '${model}.'), segments)), ', ') AS ${model}`;
  const asked = models.filter((model) => columns.includes(model));
  return `SELECT ${['customer', ...new Set([...fields.map(shown), ...asked])].join(', ')}
    FROM ${facts(fields)} AS f
    INNER JOIN (
      SELECT ${['customer', ...asked.map(segment)].join(', ')} FROM assignments
      WHERE job = {job:String} AND run_id = {run:String} AND hasAny(segments, {segments:Array(String)})
    ) AS a USING (customer)`;
}

/** A text that a spreadsheet could take for a formula gets a leading apostrophe; a phone number is none. */
function shown(column: string): string {
  const { type } = FIELDS[column as keyof typeof FIELDS];
  if ((type !== 'text' && type !== 'texts') || column === 'phone') return column;
  const text = type === 'texts' ? `arrayStringConcat(${column}, ', ')` : column;
  return `if(match(${text}, '^[=+@\\\\-\\t\\r]'), concat('\\'', ${text}), ${text}) AS ${column}`;
}
