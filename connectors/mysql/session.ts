import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import mysql, { type Connection, type RowDataPacket } from 'mysql2';
import { interruptible } from '../interruptible.ts';
import { queryFailure } from '../query-failure.ts';
import {
  CONNECT_MS,
  GRACE_MS,
  type ColumnKind,
  type QueryColumn,
  type QueryRequest,
  type Session,
  type SinceText,
} from '../query-session.ts';
import { withSince } from '../query-text.ts';
import { rowWriter } from './row-writer.ts';
import { columnOf, formOf, type Field } from './types.ts';

const BUFFERED_BYTES = 1024 * 1024;
const EARLIEST = { time: '1000-01-01 00:00:00', integer: String(-(2n ** 63n)) };
const SINCE = '@segment_sync_since';

type Facts = { version: string; id: number; now: string };

/**
 * The result of a query comes in the protocol's text form, which keeps every value as the server writes it; what
 * stands for `{since}` is a variable of the session, set by a statement with a parameter.
 */
export async function connectMysql(request: QueryRequest): Promise<Session> {
  const { signal, statement, address } = request;
  // The driver (3.24) would compare the certificate of an address with the name "localhost".
  if (address.tls === 'verify' && isIP(address.host)) {
    throw queryFailure('certificate', request, {
      name: 'it is not checked for an IP address: name the host',
    });
  }
  const connection = connectionOf(request);
  let running = false;
  let lost = false;
  let id = 0;
  let cursor: ColumnKind = 'other';
  connection.on('error', () => (lost = true));

  async function ask<Row>(sql: string, values?: string[]): Promise<Row[]> {
    running = true;
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>();
    const answered = (error: Error | null, rows: unknown) => (error ? reject(error) : resolve(rows as Row[]));
    const options = { sql, timeout: request.timeout_ms + GRACE_MS };
    if (values) connection.execute<RowDataPacket[]>({ ...options, values }, answered);
    else connection.query<RowDataPacket[]>(options, answered);
    try {
      return await interruptible(promise, signal);
    } finally {
      running = signal.aborted;
    }
  }

  /** Sets the variable for `{since}` and answers the query with it. */
  async function bind(since: SinceText): Promise<string> {
    const text = since(cursor, EARLIEST);
    if (statement.parts.length > 1) await ask(`SET ${SINCE} = ?`, [text]);
    return withSince(statement, () => `CAST(${SINCE} AS ${castFor(cursor, text)})`);
  }

  async function close(): Promise<void> {
    if (running && !lost) await stopOnServer(request, id);
    connection.destroy();
  }

  try {
    await connected(connection, signal);
    const [first] = await ask<Facts>('SELECT VERSION() AS version, CONNECTION_ID() AS id');
    const { version } = first!;
    id = first!.id;
    for (const sql of setUp(version, request.timeout_ms)) await ask(sql);
    const [at] = await ask<Facts>("SELECT CONCAT(REPLACE(UTC_TIMESTAMP(3), ' ', 'T'), 'Z') AS now");
    const [tls] = await ask<{ Value: string }>("SHOW SESSION STATUS LIKE 'Ssl_version'");
    return {
      server: /mariadb/i.test(version) ? `MariaDB ${version}` : `MySQL ${version}`,
      tls: tls?.Value || undefined,
      now: at!.now,
      describe,
      usesIndex,
      read,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function describe(): Promise<QueryColumn[]> {
    const sql = withSince(statement, () => '?');
    const { promise, resolve, reject } = Promise.withResolvers<Field[]>();
    running = true;
    connection.prepare(sql, (error, prepared) => {
      if (error) return reject(error);
      resolve((prepared as unknown as { columns: Field[] }).columns);
      prepared.close();
    });
    const fields = await interruptible(promise, signal);
    running = false;
    const columns = fields.map(columnOf);
    const index = columns.findIndex(({ name }) => name === request.cursor);
    if (index !== -1) cursor = columns[index]!.kind;
    return columns;
  }

  async function usesIndex(since: SinceText): Promise<boolean> {
    const plan = await ask<{ type: string | null; possible_keys: string | null }>(
      `EXPLAIN ${await bind(since)}`,
    );
    return plan.some(({ type, possible_keys }) => type === 'range' && possible_keys !== null);
  }

  async function* read(since: SinceText): AsyncGenerator<Uint8Array> {
    const sql = await bind(since);
    running = true;
    const query = connection.query({ sql, rowsAsArray: true, typeCast: false });
    const rows = new Readable({ highWaterMark: BUFFERED_BYTES, read: () => connection.resume() });
    let writer = rowWriter([]);
    query.on('fields', (fields: unknown) => (writer = rowWriter((fields as Field[]).map(formOf))));
    query.on('result', (row: unknown) => {
      const piece = writer.add(row as (Buffer | null)[]);
      if (piece && !rows.push(piece)) connection.pause();
    });
    query.on('error', (error) => rows.destroy(error));
    query.on('end', () => {
      rows.push(writer.rest());
      rows.push(null);
    });
    // A connection that breaks tells nobody but itself.
    connection.on('error', (error) => rows.destroy(error));
    const abort = () => rows.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      yield* rows as AsyncIterable<Uint8Array>;
      running = false;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

/** A time in the future of a column's kind, a whole number below or above what has a sign. */
function castFor(kind: ColumnKind, text: string): string {
  if (kind === 'integer') return BigInt(text) >= 2n ** 63n ? 'UNSIGNED' : 'SIGNED';
  return kind === 'date' ? 'DATE' : 'DATETIME(3)';
}

/** What makes texts mean the same whatever the server's settings, and the transaction one that only reads. */
function setUp(version: string, timeout_ms: number): string[] {
  const seconds = Math.ceil(timeout_ms / 1000);
  const limit = /mariadb/i.test(version)
    ? `max_statement_time = ${seconds}`
    : `max_execution_time = ${timeout_ms}`;
  return [
    `SET SESSION time_zone = '+00:00', ${limit}, net_write_timeout = ${seconds},
       sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')`,
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  ];
}

function connectionOf({ address, ca }: QueryRequest): Connection {
  const { host, port, socket, user, password, database, tls } = address;
  const verify = tls === 'verify';
  return mysql.createConnection({
    ...(socket ? { socketPath: socket } : { host, port }),
    user,
    password,
    database,
    charset: 'utf8mb4',
    ...(tls === 'off' ? {} : { ssl: { rejectUnauthorized: verify, verifyIdentity: verify, ca } }),
    connectTimeout: CONNECT_MS,
    connectAttributes: { program_name: 'segment-sync' },
    enableKeepAlive: true,
    jsonStrings: true,
  });
}

async function connected(connection: Connection, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  connection.connect((error) => (error ? reject(error) : resolve()));
  await interruptible(promise, signal);
}

/** Asks through another connection; where that does not come about, the server notices when it next sends rows. */
async function stopOnServer(request: QueryRequest, id: number): Promise<void> {
  const other = connectionOf(request);
  other.on('error', () => undefined);
  try {
    await connected(other, new AbortController().signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    // The connection and not only its query: a server that waits for us to read does not notice less.
    other.query(`KILL ${id}`, () => resolve());
    await promise;
  } catch {
    // The connection that is closed next is all there is to do.
  } finally {
    other.destroy();
  }
}
