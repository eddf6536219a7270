import type { FieldType } from '../job/fields.ts';
import { FIELDS } from '../job/fields.ts';
import type { Property, PropertySource } from '../job/properties.ts';
import type { Segment } from '../job/segments.ts';
import type { Params } from '../engine/engine.ts';
import { facts } from '../models/facts.ts';

/** What says nothing, an empty text for one, is null. */
const TEXT = (text: string) => `toJSONString(nullIf(${text}, ''))`;

/**
 * SQL: the text of a field's value in JSON. Numbers have two decimals: predictions move a little every day, and
 * everybody would have to be told.
 */
const AS_JSON: Record<FieldType, (column: string) => string> = {
  text: TEXT,
  consent: TEXT,
  texts: (column) => TEXT(`arrayStringConcat(${column}, ', ')`),
  number: (column) => `toJSONString(round(toFloat64(${column}), 2))`,
  money: (column) => `toJSONString(round(toFloat64(${column}), 2))`,
  share: (column) => `toJSONString(round(toFloat64(${column}), 2))`,
  date: (column) => `toJSONString(toString(${column}))`,
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
  const columns = properties.flatMap(({ from }) =>
    from.kind === 'field' ? [from.field] : from.kind === 'extra' ? ['extra'] : [],
  );
  const sql = `SELECT member, customer, map(${pairs.join(', ')}) AS texts FROM (${rows}) AS who
    INNER JOIN ${facts(columns)} AS f USING (customer)
    INNER JOIN (SELECT customer, segments FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
      USING (customer)`;
  return { sql, params };
}

function valueOf(
  from: PropertySource,
  segments: readonly Segment[],
  bind: (value: unknown, type: string) => string,
): string {
  switch (from.kind) {
    case 'field':
      return AS_JSON[FIELDS[from.field].type](from.field);
    case 'extra':
      return TEXT(`extra[${bind(from.column, 'String')}]`);
    case 'membership':
      return `toJSONString(has(segments, ${bind(from.segment, 'String')}))`;
    case 'labels': {
      const own = segments.filter(({ name }) => name.startsWith(`${from.of}.`));
      const names = bind(
        own.map(({ name }) => name),
        'Array(String)',
      );
      const labels = bind(
        own.map(({ label }) => label),
        'Array(String)',
      );
      return TEXT(
        `arrayStringConcat(arrayMap(name -> ${labels}[indexOf(${names}, name)], arrayFilter(name -> has(${names}, name), segments)), ', ')`,
      );
    }
  }
}
