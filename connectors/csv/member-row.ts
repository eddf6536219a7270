import type { Member } from '../destination.ts';

const COLUMNS = [
  'email',
  'phone',
  'customer',
  'first_name',
  'last_name',
  'city',
  'region',
  'zip',
  'country',
] as const;

export const HEADER = `${COLUMNS.join(',')}\r\n`;

/** One line of RFC 4180. */
export function rowOf(member: Member): string {
  const cells = COLUMNS.map((column) => {
    const text = member[column] ?? '';
    return quoted(column === 'phone' ? text : asText(text));
  });
  return `${cells.join(',')}\r\n`;
}

/** A spreadsheet takes a cell that begins like this for a formula, and a name is whatever a shopper typed. */
function asText(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
