import type { ProblemDocument } from './replies.ts';

/** What Mailchimp refuses about one row of a request it refuses whole; `place` is behind the row: `merge_fields.CLV`. */
export type RowError = { place: string; message: string };

/** The rows that the errors of a problem name (`members.item:7.merge_fields.CLV`), the first error of each. */
export function rowErrors(problem: ProblemDocument | undefined, rows: number): Map<number, RowError> {
  const found = new Map<number, RowError>();
  for (const { field, message } of problem?.errors ?? []) {
    const [, row, place = ''] = /^members\.item:(\d+)\.?(.*)$/.exec(field) ?? [];
    if (row === undefined || Number(row) >= rows || found.has(Number(row))) continue;
    found.set(Number(row), { place, message: message || 'Mailchimp gives no reason' });
  }
  return found;
}
