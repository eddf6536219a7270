import type { Outcome } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Invalid } from './invalid.ts';
import type { Upload } from './rows.ts';

/** Everyone Meta did not name is done: there is no word on any other row. */
export function outcomeOf(upload: Upload, trouble?: Invalid | SyncError): Outcome {
  const { key } = upload;
  if (!upload.row) return { key, result: 'refused', reason: upload.reason, permanent: true };
  if (trouble instanceof SyncError) {
    return { key, result: 'refused', reason: trouble.problem.what, permanent: false };
  }
  if (trouble?.named.has(key)) return { key, result: 'refused', reason: 'invalid entry', permanent: true };
  if (trouble?.everyone) {
    return {
      key,
      result: 'refused',
      reason: 'every row of the request was counted as invalid',
      permanent: false,
    };
  }
  return { key, result: 'done' };
}

export type Log = (message: string, fields: Record<string, unknown>) => void;

/** Counts the fields that cannot be used by column, without any of them. */
export function logDropped(uploads: readonly Upload[], log: Log): void {
  const dropped: Record<string, number> = {};
  for (const upload of uploads) {
    if (!upload.row) continue;
    for (const column of upload.dropped) dropped[column] = (dropped[column] ?? 0) + 1;
  }
  if (Object.keys(dropped).length > 0) log('fields dropped that cannot be used', dropped);
}

export function logInvalid({ named, unnamed }: Invalid, log: Log): void {
  if (named.size + unnamed > 0) log('rows that Meta counted as invalid', { named: named.size, unnamed });
}
