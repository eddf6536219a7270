import type { Member, PropertyValue } from '../destination.ts';
import { FORMULA } from '../spreadsheet.ts';

/** The line of headings. */
export function headOf(columns: readonly string[]): string {
  return lineOf(columns.map(asText));
}

/** The line of a member: what it has of each column, nothing where that is unknown. */
export function rowOf(columns: readonly string[], { properties = {}, phone }: Member): string {
  const shown = (value: PropertyValue) => {
    if (value === null) return '';
    // A number below zero is no formula, nor is a telephone number.
    return typeof value === 'string' && value !== phone ? asText(value) : String(value);
  };
  return lineOf(columns.map((column) => shown(properties[column] ?? null)));
}

const formula = new RegExp(FORMULA, 'u');

/** A spreadsheet takes a cell that begins like a formula for one, and a name is whatever a shopper typed. */
function asText(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** One line of RFC 4180. */
function lineOf(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
