import type { SyncError } from '../error.ts';
import { networkFailure, queryFailure, type QueryFailure } from '../query-failure.ts';
import type { QueryRequest } from '../query-session.ts';

/** Error numbers of MySQL and MariaDB, which are the same up to 1999. */
const NUMBERS: Record<number, QueryFailure> = {
  1045: 'login',
  1130: 'login',
  1251: 'login',
  1524: 'login',
  1698: 'login',
  1820: 'login',
  1049: 'database',
  1044: 'permission',
  1142: 'permission',
  1143: 'permission',
  1227: 'permission',
  1356: 'permission',
  1370: 'permission',
  1146: 'table',
  1969: 'timeout',
  3024: 'timeout',
  1205: 'timeout',
  1317: 'stopped',
  1040: 'busy',
  1203: 'busy',
  1226: 'busy',
  1053: 'broken',
  1077: 'broken',
  1080: 'broken',
  1158: 'broken',
  1159: 'broken',
  1160: 'broken',
  1161: 'broken',
  1213: 'broken',
  1927: 'broken',
  3159: 'needs_tls',
  1264: 'values',
  1292: 'values',
  1365: 'values',
  1366: 'values',
  1690: 'values',
};
/** What the driver says by name. */
const CODES: Record<string, QueryFailure> = {
  HANDSHAKE_NO_SSL_SUPPORT: 'no_tls',
  HANDSHAKE_SSL_ERROR: 'certificate',
  PROTOCOL_CONNECTION_LOST: 'broken',
  PROTOCOL_SEQUENCE_TIMEOUT: 'silent',
};
/** Where what the server says speaks of the query, and of no row. */
const TOLD = new Set<QueryFailure>(['table', 'query', 'permission']);

type Thrown = { errno?: number; code?: string; sqlState?: string; message?: string };

/** Turns what the driver threw into our error. */
export function explainMysql(error: unknown, request: QueryRequest): SyncError {
  const { errno, code = '', sqlState, message = '' } = error as Thrown;
  const name = sqlState && errno ? String(errno) : code;
  const failure = sqlState && errno ? (NUMBERS[errno] ?? ofState(sqlState)) : CODES[code];
  if (failure)
    return queryFailure(failure, request, {
      said: TOLD.has(failure) ? message : undefined,
      name,
      cause: error,
    });
  const network = networkFailure(error);
  if (network) return queryFailure(network.failure, request, { name: network.name, cause: error });
  if (/closed state|connection is closed/i.test(message))
    return queryFailure('broken', request, { cause: error });
  // What is left is a mistake in this program.
  throw error;
}

function ofState(state: string): QueryFailure {
  if (state.startsWith('42') || state === '25006') return 'query';
  return state.startsWith('22') ? 'values' : 'broken';
}
