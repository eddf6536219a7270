import { FIELDS, SyncError, type Field } from '../../../connectors/index.ts';
import { DESTINATIONS, type Destination } from './job-text.ts';
import type { Columns } from './mapping.ts';

/** @returns the columns of `order_id=nr,total=betrag` @throws SyncError `ARGUMENT_WRONG` */
export function columnsOf(text: string): Columns {
  const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
  const known: readonly string[] = FIELDS.orders;
  const wrong = pairs.find(([field = '', column]) => !known.includes(field) || !column);
  if (wrong) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: `--columns cannot be read at "${wrong.join('=')}".`,
      fix: `Write FIELD=COLUMN, separated by commas. Fields: ${known.join(', ')}.`,
    });
  }
  return Object.fromEntries(pairs) as Partial<Record<Field, string>>;
}

/** @throws SyncError `ARGUMENT_WRONG` */
export function destinationsOf(text: string): Destination[] {
  const names = text.split(',').map((name) => name.trim());
  const known: readonly string[] = DESTINATIONS;
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names as Destination[];
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `There is no destination "${wrong}".`,
    fix: `Name one or several of ${known.join(', ')}, separated by commas.`,
  });
}
