import { withSince, type Statement } from '../query-text.ts';

/** The name that the query has while it is looked at. */
export const PREPARED = 'segment_sync';
const HEAD = `PREPARE ${PREPARED} AS`;

/** The query with a parameter for each `{since}`, whose type the server finds. */
export function parameterised(statement: Statement): string {
  return withSince(statement, (index) => `$${index + 1}`);
}

export function preparing(statement: Statement): string {
  return `${HEAD}\n${parameterised(statement)}`;
}

/**
 * @param position as errors give it, in what `preparing` made; 1 is the first character
 * @returns the line of the query
 */
export function lineAt(statement: Statement, position: number): number {
  return preparing(statement).slice(0, position).split('\n').length - 1;
}

/** The setting of the transaction that holds the value of a parameter. */
export function settingOf(index: number): string {
  return `segment_sync.since_${index + 1}`;
}

/** The query with the settings for parameters, for statements that take none. */
export function withSettings(statement: Statement, types: readonly string[]): string {
  return withSince(statement, (index) => `current_setting('${settingOf(index)}')::${types[index]}`);
}
