import type { Field } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { SPACE } from './cells.ts';
import type { Part, Reading } from './kind.ts';
import { type Columns, together } from './sql.ts';

/**
 * Amounts in SQL, as connectors/csv/money.ts reads and counts them: in units of a ten-thousandth, whole numbers of 64
 * bits, which hold the eighteen digits of the store's amounts.
 */
const LARGEST = '999999999999999999';

/**
 * @param text the name of a column of trimmed text
 * @returns steps that make the column `name` of units; NULL where the text is no amount
 */
function amount(name: string, text: string, decimal: '.' | ','): Columns[] {
  const parts = `${name}_parts`;
  const [first, second, whole, fraction] = [1, 2, 3, 4].map((part) => `${parts}[${part}]`);
  const digits = `${name}_digits`;
  const bare = `trim(LEADING '0' FROM ${digits})`;
  const units = `toInt64OrZero(concat(${bare}, rightPad(substring(${fraction}, 1, 4), 4, '0')))`;
  const rounded = `(${units} + toInt64(length(${fraction}) > 4 AND substring(${fraction}, 5, 1) >= '5'))`;
  const fits = `if(length(${fraction}) > 4, length(${bare}) <= 14 AND ${rounded} <= ${LARGEST}, length(${digits}) <= 14)`;
  const readable = `(${whole} != '' OR ${fraction} != '') AND (${first} = '' OR ${second} = '') AND ${fits}`;
  return [
    { [parts]: `extractGroups(${text}, ${literal(shape(decimal))})` },
    { [digits]: `if(match(${whole}, '[^0-9]'), replaceRegexpAll(${whole}, '[^0-9]', ''), ${whole})` },
    {
      [name]: `if(${readable}, if(${first} = '-' OR ${second} = '-', -${rounded}, ${rounded}), NULL)`,
    },
  ];
}

/** The same of amounts as programs write them; `NAME_plain` says which are. */
function plainAmount(name: string, text: string, decimal: '.' | ','): Columns[] {
  const plain = decimal === '.' ? text : `replaceOne(${text}, ',', '.')`;
  return [
    { [`${name}_plain`]: `${text} = '' OR match(${text}, '^-?[0-9]{1,14}(?:[${decimal}][0-9]{1,4})?$')` },
    { [name]: `if(${text} = '', NULL, reinterpretAsInt64(toDecimal64OrZero(${plain}, 4)))` },
  ];
}

const NO_UNITS = `CAST(NULL, 'Nullable(Int64)')`;

/** Amounts in units, each of the field of its name, as `given_FIELD`: for steps that follow, not to be stored. */
export function given({ meaning, quick }: Reading, names: readonly Field[]): Part {
  const known = names.filter((name) => meaning.columns[name] !== undefined);
  const missing = names.filter((name) => meaning.columns[name] === undefined);
  const read = quick ? plainAmount : amount;
  return {
    steps: together(...known.map((name) => read(`given_${name}`, `t_${name}`, meaning.decimal))),
    plain: known.map((name) => `given_${name}_plain`),
    stored: {},
    absent: Object.fromEntries(missing.map((name) => [`given_${name}`, NO_UNITS])),
  };
}

/** Sign, currency sign and sign again, whole digits, fraction, currency sign. */
function shape(decimal: '.' | ','): string {
  const group = `[${decimal === ',' ? '.' : ','}'’${SPACE}]`;
  const space = `[${SPACE}]*`;
  return `^(?:(-?)${space}\\p{Sc}${space})?([+-]?)${space}([0-9]{1,3}(?:${group}[0-9]{3})+|[0-9]+)?(?:[${decimal}]([0-9]+))?(?:${space}\\p{Sc})?$`;
}

/** A number that the engine wrote, as the cells of the table write theirs. */
export function written(number: string, decimal: '.' | ','): string {
  return decimal === '.' ? number : `replaceOne(${number}, '.', ',')`;
}

/** What the store cannot hold is NULL. */
export function held(units: string): string {
  return `if(abs(${units}) <= ${LARGEST}, ${units}, NULL)`;
}

/** Units of a × b, rounded half away from zero; NULL where the store cannot hold it. */
export function times(a: string, b: string): string {
  const product = `toInt128(${a}) * toInt128(${b})`;
  const rounded = `sign(${product}) * intDiv(abs(${product}) + 5000, 10000)`;
  return `if(abs(${product}) < toInt128('10000000000000000000000') - 5000, toInt64(${rounded}), NULL)`;
}

/** Units as the store keeps amounts. */
export function stored(units: string): string {
  return `reinterpret(${units}, 'Decimal(18, 4)')`;
}
