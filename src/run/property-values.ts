import { FIELDS } from '../job/fields.ts';
import type { Property, PropertySource } from '../job/properties.ts';
import type { Segment } from '../job/segments.ts';
import type { Params } from '../engine/engine.ts';
import { facts, MERGED } from '../models/facts.ts';
import { columnOf, factsOf, type ColumnType } from './columns.ts';

/** What says nothing, an empty text for one, is null. */
const TEXT = (text: string) => `ifNull(toJSONString(nullIf(${text}, '')), 'null')`;

/** Numbers have two decimals: predictions move a little every day, and everybody would have to be told. */
const ROUNDED = (column: string) => `ifNull(toJSONString(toFloat64(round(${column}, 2))), 'null')`;
const ROUNDED_TEXT = (column: string) => `ifNull(toString(round(${column}, 2)), '')`;

/** SQL: the text of a field's value in JSON. */
const AS_JSON: Record<ColumnType, (column: string) => string> = {
  text: TEXT,
  consent: TEXT,
  texts: (column) => TEXT(`arrayStringConcat(${column}, ', ')`),
  number: ROUNDED,
  money: ROUNDED,
  share: ROUNDED,
  date: (column) => `ifNull(toJSONString(toString(${column})), 'null')`,
  flag: (condition) => `if(${condition}, 'true', 'false')`,
};

/**
 * SQL: the properties of some customers: the columns of `rows` and `texts`, a map of each property's name to its value
 * in JSON. Bind `job`, `run` and the parameters.
 * @param rows SQL with `member` and `customer`
 * @param segments all of the job, those by category included, for their labels
 */
export function propertyValues(
  rows: string,
  properties: readonly Property[],
  segments: readonly Segment[],
): { sql: string; params: Params } {
  const params: Params = {};
  const bind = (value: unknown, type: string) => {
    const name = `property_${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:${type}}`;
  };
  const pairs = properties.map(({ name, from }) => {
    return `${bind(name, 'String')}, ${valueOf(from, segments, bind)}`;
  });
  const sql = `SELECT member, customer, map(${pairs.join(', ')}) AS texts FROM (${rows}) AS who
    INNER JOIN ${facts(factsOf(properties.map(({ from }) => from)))} AS f USING (customer)
    INNER JOIN (SELECT customer, segments FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
      USING (customer)`;
  return { sql, params };
}

/** SQL: what changes when the text of a field's value in JSON does, and costs far less. */
const AS_HASHED: Record<ColumnType, (column: string) => string> = {
  text: String,
  consent: String,
  texts: (column) => `arrayStringConcat(${column}, ', ')`,
  number: ROUNDED_TEXT,
  money: ROUNDED_TEXT,
  share: ROUNDED_TEXT,
  date: (column) => `ifNull(toString(${column}), '')`,
  flag: String,
};

/** SQL of what tells the lines of a file apart, column by column, over the `segments` of customers and these facts of theirs. */
export function columnValues(columns: readonly Property[]): { values: string[]; facts: string[] } {
  const values = columns.map(({ from }) => {
    const { sql, type } = columnOf(from);
    return AS_HASHED[type](sql);
  });
  return { values, facts: factsOf(columns.map(({ from }) => from)) };
}

/**
 * SQL: `customer` and `texts`, the values of the columns of a file in JSON, in their order, for every customer of a run.
 * Bind `job` and `run`.
 */
export function columnTexts(columns: readonly Property[]): string {
  const texts = columns.map(({ from }) => {
    const { sql, type } = columnOf(from);
    return AS_JSON[type](sql);
  });
  return `SELECT customer, [${texts.join(', ')}] AS texts
    FROM ${facts(factsOf(columns.map(({ from }) => from)))} AS f
    INNER JOIN (SELECT customer, segments FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
      USING (customer) ${MERGED}`;
}

function valueOf(
  from: PropertySource,
  segments: readonly Segment[],
  bind: (value: unknown, type: string) => string,
): string {
  if (from.kind === 'field') return AS_JSON[FIELDS[from.field].type](from.field);
  if (from.kind === 'extra') return TEXT(`extra[${bind(from.column, 'String')}]`);
  if (from.kind === 'membership') return AS_JSON.flag(`has(segments, ${bind(from.segment, 'String')})`);
  const own = segments.filter(({ name }) => name.startsWith(`${from.of}.`));
  const bound = (key: 'name' | 'label') =>
    bind(
      own.map((segment) => segment[key]),
      'Array(String)',
    );
  const [names, labels] = [bound('name'), bound('label')];
  const held = `arrayFilter(name -> has(${names}, name), segments)`;
  return TEXT(`arrayStringConcat(arrayMap(name -> ${labels}[indexOf(${names}, name)], ${held}), ', ')`);
}
