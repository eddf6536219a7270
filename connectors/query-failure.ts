import { SyncError, type ErrorCode, type Retry } from './error.ts';
import type { QueryRequest } from './query-session.ts';

/** What failed, as the connectors tell it. */
export type QueryFailure =
  | 'unknown_host'
  | 'refused'
  | 'silent'
  | 'broken'
  | 'no_tls'
  | 'certificate'
  | 'needs_tls'
  | 'login'
  | 'database'
  | 'permission'
  | 'table'
  | 'query'
  | 'values'
  | 'timeout'
  | 'stopped'
  | 'busy'
  | 'foreign'
  | 'settings'
  | 'limits';

type Words = { code: ErrorCode; retry: Retry; what: string; why?: string; fix: string };

/**
 * Makes our error of a failure. What the server said is told only where it speaks of the query: the rest may quote
 * rows, and addresses are taken out of that too.
 */
export function queryFailure(
  failure: QueryFailure,
  request: QueryRequest,
  options: { said?: string; name?: string; cause?: unknown },
): SyncError {
  const { retry, ...words } = wordsFor(failure, request, options.name);
  const said = options.said && `The server says: ${withoutAddresses(options.said)}.`;
  const problem = { ...words, where: request.where, why: said ?? words.why };
  return new SyncError(problem, { retry, cause: options.cause });
}

function wordsFor(failure: QueryFailure, { address, timeout_ms }: QueryRequest, name?: string): Words {
  const { user, database } = address;
  const host = address.socket ?? `${address.host}:${address.port}`;
  const down = (retry: Retry, what: string, fix: string): Words => ({
    code: 'SOURCE_DOWN',
    retry,
    what,
    fix,
  });
  const tls = (what: string, why: string, fix: string): Words => ({
    code: 'SOURCE_TLS',
    retry: 'never',
    what,
    why,
    fix,
  });
  const words: Record<QueryFailure, Words> = {
    unknown_host: down(
      'now',
      `There is no host "${address.host}".`,
      'Correct the host in `url`, or the name service of this machine.',
    ),
    refused: down(
      'now',
      `Nothing answers at ${host}.`,
      'Start the database, or correct host and port in `url`; a firewall may stand between.',
    ),
    silent: down(
      'next_run',
      `${host} takes connections and says nothing.`,
      'See whether the database there is well, and whether it is a database at all; a firewall or proxy may stand between.',
    ),
    broken: down(
      'now',
      `The connection to ${host} broke off.`,
      'Nothing to do if the next run goes well; else look into the log of the database.',
    ),
    busy: down(
      'now',
      `${host} takes no more connections just now.`,
      'Close some, or allow the database or the user more of them.',
    ),
    foreign: down(
      'next_run',
      `What answers at ${host} does not answer as the database does.`,
      'Correct host and port in `url`; a proxy may stand between, or the database be on its way up or down.',
    ),
    stopped: down(
      'next_run',
      'Somebody stopped the query on the server.',
      'Nothing to do if that was meant; the next run asks again.',
    ),
    no_tls: tls(
      `${host} has no TLS.`,
      'Only connections on this machine go without it unless the settings say otherwise.',
      'Switch TLS on in the database; in a network that you trust, set `ssl: off`.',
    ),
    certificate: tls(
      `The certificate of ${host} cannot be trusted${name ? ` (${name})` : ''}.`,
      'It must be for that host, still valid, and from an authority that this machine or `ca` knows.',
      'Set `ca` to the file with the certificate of its authority (PEM); `ssl: unverified` encrypts without looking at it.',
    ),
    needs_tls: tls(
      `${host} takes only connections with TLS.`,
      'This one had none.',
      'Set `ssl: verify`, or take `ssl: off` and sslmode=disable out.',
    ),
    login: {
      code: 'SOURCE_KEY_REFUSED',
      retry: 'never',
      what: `The database refused the user "${user}".`,
      why: 'The password is wrong, or this user may not come from this machine.',
      fix: 'Correct user and password in `url`; characters such as @ : / # % are written as %40 %3A %2F %23 %25.',
    },
    database: {
      code: 'SOURCE_NOT_FOUND',
      retry: 'never',
      what: `There is no database "${database}" at ${host}.`,
      fix: 'Correct the name at the end of `url`.',
    },
    permission: {
      code: 'SOURCE_PERMISSION',
      retry: 'never',
      what: `The user "${user}" may not read what the query asks for.`,
      fix: 'Give the user the right to SELECT there; the README of this source has the statements.',
    },
    settings: {
      code: 'SOURCE_PERMISSION',
      retry: 'never',
      what: `The user "${user}" may not set what makes a reading safe: that it only reads, and for how long.`,
      why: 'Its profile has readonly = 1, or constraints on settings.',
      fix: 'Give the user a profile with readonly = 2 or without `readonly`, and a `timeout` here that its constraints allow.',
    },
    limits: {
      code: 'SOURCE_QUERY',
      retry: 'next_run',
      what: `The query needs more than the database allows${name ? ` (${name})` : ''}.`,
      fix: 'Read less at a time (`start`), make the query lighter, or raise the limit for this user.',
    },
    table: {
      code: 'SOURCE_NOT_FOUND',
      retry: 'never',
      what: 'The query reads a table that is not there.',
      fix: 'Correct the name in `query`, with its schema if need be.',
    },
    query: {
      code: 'SOURCE_QUERY',
      retry: 'never',
      what: 'The database does not understand the query.',
      fix: 'Correct `query`; it must run as it is in the database, with a value for {since}.',
    },
    values: {
      code: 'SOURCE_QUERY',
      retry: 'never',
      what: `The query fails on the values of a row${name ? ` (${name})` : ''}.`,
      why: 'It casts or computes something that not every row allows.',
      fix: 'Make the query stand such rows, or give the column as it is: rows that cannot be read are left out and told.',
    },
    timeout: {
      code: 'SOURCE_TIMEOUT',
      retry: 'next_run',
      what: `The query took longer than ${lengthOf(timeout_ms)}.`,
      fix: 'Give the cursor an index, read less at a time (`start`), or raise `timeout`.',
    },
  };
  return words[failure];
}

function lengthOf(timeout_ms: number): string {
  const seconds = Math.round(timeout_ms / 1000);
  if (seconds >= 120) return `${Math.round(seconds / 60)} minutes`;
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

/** What Node says of connections and certificates, in every driver the same. */
const NETWORK: Record<string, QueryFailure> = {
  ENOTFOUND: 'unknown_host',
  EAI_AGAIN: 'unknown_host',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ENOENT: 'refused',
  EACCES: 'refused',
  ETIMEDOUT: 'silent',
  ECONNRESET: 'broken',
  EPIPE: 'broken',
  ERR_STREAM_PREMATURE_CLOSE: 'broken',
  Z_BUF_ERROR: 'broken',
};
const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

/** @returns the failure that Node's own code stands for, with that code where it says more */
export function networkFailure(error: unknown): { failure: QueryFailure; name?: string } | undefined {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return undefined;
  if (CERTIFICATE.test(code)) return { failure: 'certificate', name: code };
  const failure = NETWORK[code];
  return failure && { failure };
}

function withoutAddresses(text: string): string {
  return text.replaceAll(/[^\s'"()]+@[^\s'"()]+/g, '…').replace(/[.\s]+$/, '');
}
