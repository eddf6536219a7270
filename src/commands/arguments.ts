import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../job/duration.ts';

/** What `report` writes, and what it may write alone. */
export const REPORT_FORMATS = ['html', 'svg', 'png'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
export const PICTURES = ['map', 'lifecycle', 'flows', 'moves', 'trend', 'backtest'] as const;
export type PictureName = (typeof PICTURES)[number];

/** @returns a port; 0 stands for any free one */
export function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number < 65_536) return number;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}

/** @returns days of `90d` or `13w` */
export function holdout(text: string): number {
  const days = (parseDuration(text) ?? 0) / 86_400_000;
  if (Number.isInteger(days) && days > 0) return days;
  throw new InvalidArgumentError('Write whole days or weeks, at least one: for example 90d or 13w.');
}

/** @returns a number of months */
export function months(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= 240) return number;
  throw new InvalidArgumentError('Write a whole number of months, from 1 to 240.');
}

/** @returns the date as it was written, YYYY-MM-DD */
export function isoDate(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('A date is written YYYY-MM-DD.');
}
