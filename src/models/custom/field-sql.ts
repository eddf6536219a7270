import type { Asked } from '../../job/custom-rules.ts';
import {
  askedType,
  extraName,
  OPERATOR_NAMES,
  type AskedType,
  type OperatorName,
} from '../../job/operators.ts';
import type { Binding } from './binding.ts';

/**
 * SQL for what a condition asks of a field: true or false, never NULL. What is unknown (NULL, an empty text or list)
 * is false, but for `is_not` and `known: false`.
 */
export function fieldSql(field: string, asked: Asked, binding: Binding): string {
  const type = askedType(field);
  if (!type) throw new Error(`no field ${field}`);
  const extra = extraName(field);
  binding.columns.add(extra === undefined ? field : 'extra');
  const place = extra === undefined ? field : `extra[${binding.bind('String', extra)}]`;
  const parts = OPERATOR_NAMES.filter((operator) => asked[operator] !== undefined).map((operator) =>
    operatorSql(operator, asked[operator]!, readings(place, type), type, binding),
  );
  return parts.length === 1 ? parts[0]! : `(${parts.join(' AND ')})`;
}

/** How a column is read, by what is asked of it; NULL where it cannot be read so. */
type Readings = Record<'text' | 'texts' | 'number' | 'money' | 'day' | 'known', string>;

/** A plain decimal number; nothing else that an engine may take for one, such as inf. */
const NUMBER = String.raw`'^[-+]?\\d+(\\.\\d+)?$'`;
const DAY = String.raw`'^\\d{4}-\\d{2}-\\d{2}'`;

function readings(place: string, type: AskedType): Readings {
  const text = `lowerUTF8(${place})`;
  const trimmed = `trimBoth(${place})`;
  const written = `substring(${trimmed}, 1, 10)`;
  if (type === 'extra')
    return {
      text: `lowerUTF8(${trimmed})`,
      texts: `arrayMap(part -> trimBoth(part), splitByChar(',', lowerUTF8(${place})))`,
      number: `if(match(${trimmed}, ${NUMBER}), toFloat64OrNull(${trimmed}), NULL)`,
      money: 'NULL',
      // The engine takes 30 February for a day in March.
      day: `if(match(${trimmed}, ${DAY}) AND toString(toDate32OrNull(${written})) = ${written}, toDate32OrNull(${written}), NULL)`,
      known: `${trimmed} != ''`,
    };
  return {
    text,
    texts: `arrayMap(part -> lowerUTF8(part), ${place})`,
    number: `toFloat64(${place})`,
    money: place,
    day: place,
    known:
      type === 'texts' ? `notEmpty(${place})` : type === 'text' ? `${place} != ''` : `${place} IS NOT NULL`,
  };
}

type Value = NonNullable<Asked[OperatorName]>;

function operatorSql(
  operator: OperatorName,
  value: Value,
  read: Readings,
  type: AskedType,
  { bind }: Binding,
): string {
  const sure = (condition: string) => `ifNull(${condition}, false)`;
  const lower = (text: unknown) => `lowerUTF8(${bind('String', text)})`;
  const number = (written: unknown) =>
    type === 'money'
      ? `toDecimal64(${bind('String', String(written))}, 4)`
      : bind('Float64', Number(written));
  const numeric = type === 'money' ? read.money : read.number;
  const age = `dateDiff('day', ${read.day}, {as_of:Date32})`;
  const equals = (one: unknown) => {
    const asText = type === 'text' || type === 'consent' || (type === 'extra' && typeof one === 'string');
    return asText ? `${read.text} = ${lower(one)}` : `${numeric} = ${number(one)}`;
  };
  const isOne = () =>
    `(${[value]
      .flat()
      .map((one) => sure(equals(one)))
      .join(' OR ')})`;
  const day = () => bind('Date32', value);
  const count = () => bind('Int64', value);
  const conditions: Record<OperatorName, () => string> = {
    is: isOne,
    is_not: () => `NOT ${isOne()}`,
    at_least: () => sure(`${numeric} >= ${number(value)}`),
    at_most: () => sure(`${numeric} <= ${number(value)}`),
    above: () => sure(`${numeric} > ${number(value)}`),
    below: () => sure(`${numeric} < ${number(value)}`),
    contains: () => sure(`position(${read.text}, ${lower(value)}) > 0`),
    starts_with: () => sure(`startsWith(${read.text}, ${lower(value)})`),
    has: () =>
      sure(
        `hasAny(${read.texts}, arrayMap(part -> lowerUTF8(part), ${bind('Array(String)', [value].flat())}))`,
      ),
    within: () => sure(`${age} >= 0 AND ${age} < ${count()}`),
    older_than: () => sure(`${age} >= ${count()}`),
    within_next: () => sure(`${age} <= 0 AND -${age} < ${count()}`),
    before: () => sure(`${read.day} < ${day()}`),
    after: () => sure(`${read.day} > ${day()}`),
    known: () => (value === true ? sure(read.known) : `NOT ${sure(read.known)}`),
  };
  return conditions[operator]();
}
