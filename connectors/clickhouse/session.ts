import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { interruptible } from '../interruptible.ts';
import { queryFailure } from '../query-failure.ts';
import {
  CONNECT_MS,
  GRACE_MS,
  type QueryColumn,
  type QueryRequest,
  type Session,
  type SinceText,
} from '../query-session.ts';
import { cursorOf, describeQuery, usesIndex } from './describe.ts';
import { wholeResult } from './result.ts';
import { bind, limitsFor, linesOf, type Ask, type Bound } from './statements.ts';

/** The longest a timer can be: a query has its own limit of time, and rows may be stored for long between two reads. */
const REQUEST_MS = 2 ** 31 - 1;

const FACTS = `SELECT version() AS version, toString(now64(3, 'UTC')) AS now, toString(getSetting('readonly')) AS readonly`;

type Facts = { version: string; now: string; readonly: string };

/**
 * ClickHouse over HTTP. Each request is one of its own: there are no transactions, and a SELECT sees the rows that
 * were there when it began.
 */
export async function connectClickHouse(request: QueryRequest): Promise<Session> {
  const { signal, timeout_ms, statement } = request;
  const { agent, tls } = agentOf(request);
  const plain = clientOf(request, agent);
  let client = plain;
  let columns: QueryColumn[] = [];
  const reading = new AbortController();

  /** Gives up after so long: a server that is well says by itself that a limit is reached. */
  async function within<T>(limit_ms: number, work: (abort: AbortSignal) => Promise<T>): Promise<T> {
    const limit = AbortSignal.timeout(limit_ms);
    try {
      return await interruptible(work(AbortSignal.any([signal, limit])), signal);
    } catch (error) {
      throw limit.aborted ? Object.assign(new Error('silent'), { code: 'ETIMEDOUT' }) : error;
    }
  }

  const ask: Ask = <Row>({ sql, params }: Bound, limit_ms = timeout_ms + GRACE_MS) =>
    within(limit_ms, async (abort_signal) => {
      const asked = { query: sql, query_params: params, abort_signal, format: 'JSONEachRow' } as const;
      return (await client.query(asked)).json<Row>();
    });

  const close = async () => {
    reading.abort();
    await Promise.all([plain.close(), client.close()]);
    agent.destroy();
  };

  try {
    const [facts] = await ask<Facts>({ sql: FACTS, params: {} }, CONNECT_MS);
    if (!facts?.version) throw queryFailure('foreign', request, {});
    const { version, now, readonly } = facts;
    if (readonly === '1') throw queryFailure('settings', request, {});
    client = clientOf(request, agent, {
      ...limitsFor(timeout_ms),
      // A user who is kept to reading already may not say so once more.
      ...(readonly === '0' ? { readonly: '1' } : {}),
      // Else the server reads on for a pull that was called off.
      cancel_http_readonly_queries_on_client_close: 1,
    });
    return {
      server: `ClickHouse ${version}`,
      tls: tls(),
      now: new Date(`${now.replace(' ', 'T')}Z`).toISOString(),
      describe: async () => (columns = await describeQuery(request, ask)),
      usesIndex: (since) => usesIndex(request, columns, since, ask),
      read,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function* read(since: SinceText): AsyncGenerator<Uint8Array> {
    const { sql, params } = bind(statement, cursorOf(columns, request.cursor), since);
    const abort_signal = AbortSignal.any([signal, reading.signal]);
    const asked = { query: linesOf(sql, columns), query_params: params, abort_signal };
    const { stream } = await interruptible(client.exec(asked), signal);
    yield* wholeResult(addAbortSignal(abort_signal, stream) as AsyncIterable<Buffer>);
  }
}

/** Connections that are not kept: one that was idle while rows were stored may be gone when it is used next. */
function agentOf({ address, ca }: QueryRequest): { agent: HttpAgent; tls(): string | undefined } {
  if (address.tls === 'off') return { agent: new HttpAgent(), tls: () => undefined };
  let version: string | undefined;
  const agent = new HttpsAgent({ ca, rejectUnauthorized: address.tls === 'verify' });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args) as TLSSocket;
    return socket.once('secureConnect', () => (version = socket.getProtocol() ?? undefined));
  };
  return { agent, tls: () => version };
}

function clientOf(
  { address }: QueryRequest,
  http_agent: HttpAgent,
  clickhouse_settings?: Record<string, string | number>,
): ClickHouseClient {
  const { host, port, user, password, database, tls } = address;
  const name = host.includes(':') ? `[${host}]` : host;
  return createClient({
    url: `${tls === 'off' ? 'http' : 'https'}://${name}:${port}`,
    username: user,
    password,
    database,
    application: 'segment-sync',
    http_agent,
    keep_alive: { enabled: false },
    request_timeout: REQUEST_MS,
    clickhouse_settings,
    // To pack is a setting too, which a user may not be free to set.
    compression: { response: clickhouse_settings !== undefined },
    log: { level: ClickHouseLogLevel.OFF },
  });
}
