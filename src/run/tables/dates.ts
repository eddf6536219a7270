import type { Field, TableMeaning } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { Part, Reading } from './kind.ts';
import { type Columns, together } from './sql.ts';

/** Dates in SQL, as connectors/csv/dates.ts reads them. */

const YEAR4 = '([0-9]{4})';
const YEAR = '([0-9]{4}|[0-9][0-9])';
const UP_TO_TWO = '([0-9][0-9]?)';
const DATE: Record<TableMeaning['dates'], { pattern: string; year: number; month: number; day: number }> = {
  iso: { pattern: `${YEAR4}-([0-9][0-9])-([0-9][0-9])`, year: 1, month: 2, day: 3 },
  ymd: { pattern: `${YEAR4}[-/.]${UP_TO_TWO}[-/.]${UP_TO_TWO}`, year: 1, month: 2, day: 3 },
  dmy: { pattern: `${UP_TO_TWO}[-/.]${UP_TO_TWO}[-/.]${YEAR}`, year: 3, month: 2, day: 1 },
  mdy: { pattern: `${UP_TO_TWO}[-/.]${UP_TO_TWO}[-/.]${YEAR}`, year: 3, month: 1, day: 2 },
};
const TIME =
  '(?:T|,? +)([0-9][0-9]?):([0-9][0-9])(?::([0-9][0-9])(?:[.,]([0-9]{1,9}))?)?(?: ?([AP])\\.?M\\.?)?(?: ?(?:(Z|UTC|GMT)|([+-])([0-9][0-9]):?([0-9][0-9])?))?';

/** Times as programs write them, which the engine reads much faster than a pattern does. */
const PLAIN = [
  '^(?:19[7-9][0-9]|20[0-8][0-9])-',
  '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)',
  '(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{3,6})?)?(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?)?$',
].join('');
/** Where day and month stand in two digits each, and the year in four. */
const PLACES: Record<TableMeaning['dates'], { pattern: string; year: number; month: number; day: number }> = {
  iso: { pattern: '', year: 1, month: 6, day: 9 },
  ymd: { pattern: '^[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}', year: 1, month: 6, day: 9 },
  dmy: { pattern: '^[0-9]{2}[-/.][0-9]{2}[-/.][0-9]{4}', year: 7, month: 4, day: 1 },
  mdy: { pattern: '^[0-9]{2}[-/.][0-9]{2}[-/.][0-9]{4}', year: 7, month: 1, day: 4 },
};
/** Looked for behind the day, which has a dash of its own. */
const ZONE = '(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * @param text the name of a column of trimmed text
 * @returns steps that make `name`, milliseconds since 1970, NULL where the text is no date; and `name_local`, true
 *   where they are of the local clock
 */
function date(name: string, text: string, order: TableMeaning['dates']): Columns[] {
  const { pattern, year, month, day } = DATE[order];
  const parts = `${name}_parts`;
  const part = (index: number) => `${parts}[${index}]`;
  const number = (index: number) => `toInt32OrZero(${part(index)})`;
  const time = (index: number) => number(3 + index);
  const [zulu, sign] = [part(9), part(10)];
  const column = (what: string) => `${name}_${what}`;
  const half = `upper(${part(8)})`;
  const years = `if(length(${part(year)}) = 4, ${number(year)}, ${number(year)} + if(${number(year)} < 70, 2000, 1900))`;
  const hours = `if(${half} = '', ${time(1)}, ${time(1)} % 12 + if(${half} = 'P', 12, 0))`;
  const offset = `(${number(11)} * 60 + ${number(12)}) * ${MINUTE_MS} * if(${sign} = '-', -1, 1)`;
  return [
    { [parts]: `extractGroups(${text}, ${literal(`^(?i:${pattern}(?:${TIME})?)$`)})` },
    {
      [column('year')]: years,
      [column('hour')]: hours,
      [column('day')]: `makeDate32(${years}, ${number(month)}, ${number(day)})`,
    },
    {
      [column('clock')]: `toInt64(${column('hour')} * 60 + ${time(2)}) * ${MINUTE_MS} + ${time(3)} * 1000
        + toInt32OrZero(rightPad(substring(${part(7)}, 1, 3), 3, '0'))`,
      [column('right')]: `notEmpty(${parts}) AND ${column('year')} BETWEEN 1901 AND 2298
        AND toMonth(${column('day')}) = ${number(month)} AND toDayOfMonth(${column('day')}) = ${number(day)}
        AND (${half} = '' OR ${time(1)} BETWEEN 1 AND 12) AND ${column('hour')} <= 23 AND ${time(2)} <= 59 AND ${time(3)} <= 59`,
    },
    {
      [name]: `if(${column('right')}, toInt64(toInt32(${column('day')})) * ${DAY_MS} + ${column('clock')} - ${offset}, NULL)`,
      [`${name}_local`]: `${zulu} = '' AND ${sign} = ''`,
    },
  ];
}

/** The same of what the engine wrote of a column of dates: of those it reads quickly, only the year is in question. */
function writtenDate(name: string, text: string): Columns[] {
  return [
    { [`${name}_plain`]: `${text} = '' OR (${text} >= '1970' AND ${text} < '2090')` },
    { [name]: `if(${text} = '', NULL, ${quickly(text)})`, [`${name}_local`]: `NOT endsWith(${text}, 'Z')` },
  ];
}

function quickly(iso: string): string {
  return `toUnixTimestamp64Milli(parseDateTime64BestEffortOrZero(${iso}, 3, 'UTC'))`;
}

/** The same of dates and times as programs write them; `NAME_plain` says which are. */
function plainDate(name: string, text: string, order: TableMeaning['dates']): Columns[] {
  const { pattern, year, month, day } = PLACES[order];
  const two = (place: number) => `substring(${text}, ${place}, 2)`;
  const iso = `concat(substring(${text}, ${year}, 4), '-', ${two(month)}, '-', ${two(day)}, substring(${text}, 11))`;
  const isOrder = order === 'iso' ? '' : `match(${text}, ${literal(pattern)}) AND `;
  return [
    { [`${name}_iso`]: order === 'iso' ? text : iso },
    { [`${name}_plain`]: `${text} = '' OR ${isOrder}match(${name}_iso, ${literal(PLAIN)})` },
    {
      [name]: `if(${text} = '', NULL, ${quickly(`${name}_iso`)})`,
      [`${name}_local`]: `NOT match(substring(${text}, 11), ${literal(ZONE)})`,
    },
  ];
}

const NO_DATE = `CAST(NULL, 'Nullable(Int64)')`;

/** Dates, each of the field of its name. */
export function dates(
  { meaning, iso, quick }: Reading,
  names: readonly Field[],
  as: (name: Field) => string = String,
): Part {
  const known = names.filter((name) => meaning.columns[name] !== undefined);
  const missing = names.filter((name) => meaning.columns[name] === undefined);
  const read = (name: Field) => {
    const text = `t_${name}`;
    if (!quick) return date(as(name), text, iso.has(name) ? 'iso' : meaning.dates);
    return iso.has(name) ? writtenDate(as(name), text) : plainDate(as(name), text, meaning.dates);
  };
  return {
    steps: together(...known.map(read)),
    plain: known.map((name) => `${as(name)}_plain`),
    stored: Object.fromEntries(
      known.flatMap((name) => [
        [as(name), 'Nullable(Int64)'],
        [`${as(name)}_local`, 'Bool'],
      ]),
    ),
    absent: Object.fromEntries(
      missing.flatMap((name) => [
        [as(name), NO_DATE],
        [`${as(name)}_local`, 'false'],
      ]),
    ),
  };
}

/** Milliseconds since 1970 as the store keeps times. */
export function instant(milliseconds: string): string {
  return `fromUnixTimestamp64Milli(${milliseconds}, 'UTC')`;
}
