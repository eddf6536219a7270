import type { TableMeaning } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { Columns } from './sql.ts';

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

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * @param text the name of a column of trimmed text
 * @returns steps that make `name`, milliseconds since 1970, NULL where the text is no date; and `name_local`, true
 *   where they are of the local clock
 */
export function date(name: string, text: string, order: TableMeaning['dates']): Columns[] {
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

/** Milliseconds since 1970 as the store keeps times. */
export function instant(milliseconds: string): string {
  return `fromUnixTimestamp64Milli(${milliseconds}, 'UTC')`;
}
