import { ClickHouseError } from '@clickhouse/client';
import { SyncError } from '../error.ts';
import { networkFailure, queryFailure, type QueryFailure } from '../query-failure.ts';
import type { QueryRequest } from '../query-session.ts';

/** ClickHouse's error codes; any other says that the query cannot be run as it is. */
const CODES: Record<string, QueryFailure> = {
  192: 'login',
  193: 'login',
  194: 'login',
  195: 'login',
  516: 'login',
  497: 'permission',
  452: 'settings',
  60: 'table',
  // What the query casts or computes does not go with a value.
  6: 'values',
  27: 'values',
  38: 'values',
  41: 'values',
  69: 'values',
  70: 'values',
  72: 'values',
  131: 'values',
  153: 'values',
  321: 'values',
  349: 'values',
  395: 'values',
  407: 'values',
  691: 'values',
  159: 'timeout',
  160: 'timeout',
  394: 'stopped',
  734: 'stopped',
  202: 'busy',
  158: 'limits',
  191: 'limits',
  201: 'limits',
  241: 'limits',
  307: 'limits',
  396: 'limits',
  209: 'broken',
  210: 'broken',
  236: 'broken',
  279: 'broken',
  425: 'broken',
  999: 'broken',
};
/** Errors whose first sentence names a table, column, function or right, and no value. */
const TOLD = new Set(['46', '47', '60', '81', '497']);
/** Where ClickHouse goes on with the text of the statement. */
const REST = /\n|[.:,]? \(?(?:while|in scope|maybe you meant)\b|\. \([A-Z_]+\)/i;

/** Turns what the client or the engine threw into our error; texts and values of the statement are left out. */
export function explainClickHouse(error: unknown, request: QueryRequest): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof ClickHouseError) {
    const { code, type = '', message } = error;
    const failure = failureOf(code, message, request.address.database);
    const told = failure === 'query' || TOLD.has(code);
    return queryFailure(failure, request, {
      said: told ? saidBy(code, type, message) : undefined,
      name: type,
      cause: error,
    });
  }
  const network = networkFailure(error);
  if (network) return queryFailure(network.failure, request, { name: network.name, cause: error });
  const { code, message } = error as { code?: unknown; message: string };
  const failure = OWN.find(([words]) => words.test(`${String(code)} ${message}`))?.[1];
  // The client throws the body of an answer that is none of ClickHouse's, or what JSON.parse says of it.
  if (!failure && !['Error', 'SyntaxError'].includes((error as Error).name)) throw error;
  return queryFailure(failure ?? 'foreign', request, { cause: error });
}

/** What Node says of a connection that is not of the kind expected, and the client by words alone. */
const OWN: readonly (readonly [RegExp, QueryFailure])[] = [
  [/^EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, 'no_tls'],
  [/^HPE_/, 'needs_tls'],
  [/timeout error/i, 'silent'],
];

function failureOf(code: string, message: string, database: string): QueryFailure {
  if (code === '81') return message.includes(`Database ${database} `) ? 'database' : 'table';
  // One code for a query that writes and for settings that a profile keeps from being set.
  if (code === '164') return /setting/i.test(message) ? 'settings' : 'query';
  return CODES[code] ?? 'query';
}

function saidBy(code: string, type: string, message: string): string {
  if (TOLD.has(code)) return message.split(REST)[0]!.replace(/^Code: \d+\. DB::Exception: /, '');
  if (code === '164') return 'it may only read, and nothing but tables';
  if (code !== '62') return type;
  const [, token = '', line] = /failed at position \d+ \((\w*).*?\) \(line (\d+)/s.exec(message) ?? [];
  return `syntax error${token && ` at ${token}`}${line ? `, line ${line} of the query` : ''}`;
}
