import { DatabaseError } from 'pg';
import type { SyncError } from '../error.ts';
import { networkFailure, queryFailure, type QueryFailure } from '../query-failure.ts';
import type { QueryRequest } from '../query-session.ts';
import { lineAt } from './statement.ts';

/** PostgreSQL's own codes (SQLSTATE), or the classes that their first two signs are. */
const STATES: Record<string, QueryFailure> = {
  '28P01': 'login',
  '28000': 'login',
  '3D000': 'database',
  '42501': 'permission',
  '42P01': 'table',
  '3F000': 'table',
  // The server starts or stops, or a standby gives way to what it has to replay.
  '57P01': 'broken',
  '57P02': 'broken',
  '57P03': 'busy',
  '40001': 'broken',
  '40P01': 'broken',
  '25P03': 'broken',
  '25P04': 'timeout',
  '53300': 'busy',
  '08': 'broken',
  '22': 'values',
  '42': 'query',
  '25': 'query',
  '0A': 'query',
};
/** Where what the server says speaks of the query, and of no row. */
const TOLD = new Set<QueryFailure>(['table', 'query', 'permission']);

/** The driver's own errors have no code. */
const MESSAGES: readonly (readonly [RegExp, QueryFailure])[] = [
  [/timeout expired|read timeout/i, 'silent'],
  [/does not support SSL/i, 'no_tls'],
  [/terminated|not queryable|closed/i, 'broken'],
  [/password|SASL|SCRAM/i, 'login'],
];

/** Turns what the driver threw into our error. Detail, hint and context may quote rows and are left out. */
export function explainPostgres(error: unknown, request: QueryRequest): SyncError {
  if (error instanceof DatabaseError) {
    const { code = '', message, position } = error;
    const failure = failureOf(code, message);
    const line = position ? `, line ${lineAt(request.statement, Number(position))} of the query` : '';
    const said = TOLD.has(failure) ? message + line : undefined;
    return queryFailure(failure, request, { said, name: code, cause: error });
  }
  const { message } = error as Error;
  const network = networkFailure(error);
  const failure = network?.failure ?? MESSAGES.find(([words]) => words.test(message))?.[1];
  // What is left is a mistake in this program.
  if (!failure) throw error;
  return queryFailure(failure, request, { name: network?.name, cause: error });
}

function failureOf(code: string, message: string): QueryFailure {
  if (code === '28000' && /no encryption|SSL off/i.test(message)) return 'needs_tls';
  if (code === '57014') return /statement timeout/i.test(message) ? 'timeout' : 'stopped';
  return STATES[code] ?? STATES[code.slice(0, 2)] ?? 'broken';
}
