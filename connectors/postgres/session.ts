import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { interruptible } from '../interruptible.ts';
import { CONNECT_MS, GRACE_MS } from '../query-session.ts';
import type { QueryColumn, QueryRequest, Session, SinceText } from '../query-session.ts';
import { parameterised, PREPARED, preparing, settingOf, withSettings } from './statement.ts';
import { castOf, kindOf, parameterKind, type TypeRow } from './types.ts';

const EARLIEST = { time: '-infinity', integer: String(-(2n ** 63n)) };
const PIECE_BYTES = 1024 * 1024;

const SET_UP = `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true),
  set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
  set_config('statement_timeout', $1, true),
  (extract(epoch FROM now()) * 1000)::bigint::text AS now, current_setting('server_version') AS version,
  pg_backend_pid() AS pid, (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`;

const PARAMETERS = `SELECT t.oid::int8::int AS oid, parameter::text AS type, t.typcategory AS category
  FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS p (parameter, place)
  JOIN pg_type AS t ON t.oid = parameter WHERE pg_prepared_statements.name = '${PREPARED}' ORDER BY place`;

const COLUMNS = `SELECT t.oid::int8::int AS oid, format_type(t.oid, c.modifier) AS type, t.typcategory AS category
  FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS c (oid, modifier, place)
  JOIN pg_type AS t ON t.oid = c.oid ORDER BY place`;

/**
 * The result is read by COPY, which takes no parameters: settings of the transaction stand for `{since}`, cast to the
 * types that the server finds for parameters there.
 */
export async function connectPostgres(request: QueryRequest): Promise<Session> {
  const { signal, statement, timeout_ms } = request;
  const client = clientOf(request);
  let parameters: TypeRow[] = [];
  let running = false;
  let lost = false;
  client.on('error', () => (lost = true));
  client.on('end', () => (lost = true));

  async function ask<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
    running = true;
    // Never more than one statement: the simple protocol would take several.
    const config = { text, values, queryMode: 'extended', query_timeout: timeout_ms + GRACE_MS };
    try {
      return await interruptible(client.query<Row>(config), signal);
    } finally {
      running = signal.aborted;
    }
  }

  async function bind(since: SinceText): Promise<string> {
    const values = parameters.map((type) => since(parameterKind(type), EARLIEST));
    const settings = values.map((_, index) => `set_config('${settingOf(index)}', $${index + 1}, true)`);
    if (values.length > 0) await ask(`SELECT ${settings.join(', ')}`, values);
    return withSettings(statement, parameters.map(castOf));
  }

  const close = async () => {
    if (running && !lost) await stopOnServer(request, pid);
    await client.end().catch(() => undefined);
  };

  let pid = 0;
  try {
    await interruptible(client.connect(), signal);
    await ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await ask<Facts>(SET_UP, [String(timeout_ms)]);
    const { now, version, tls, ...facts } = rows[0]!;
    pid = facts.pid;
    return {
      server: `PostgreSQL ${version}`,
      tls: tls ?? undefined,
      now: new Date(Number(now)).toISOString(),
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
    await ask(preparing(statement));
    parameters = (await ask<TypeRow>(PARAMETERS)).rows;
    // Behind a pooler the next transaction may be another's.
    await ask(`DEALLOCATE ${PREPARED}`);
    const nothing = parameters.map(() => null);
    const { fields } = await ask(`SELECT * FROM (\n${parameterised(statement)}\n) AS q LIMIT 0`, nothing);
    const types = [
      fields.map(({ dataTypeID }) => dataTypeID),
      fields.map(({ dataTypeModifier }) => dataTypeModifier),
    ];
    const { rows } = await ask<TypeRow>(COLUMNS, types);
    return rows.map((row, index) => ({ name: fields[index]!.name, type: row.type, kind: kindOf(row) }));
  }

  async function usesIndex(since: SinceText): Promise<boolean> {
    const text = await bind(since);
    // A small table is read whole though it has an index.
    await ask(`SELECT set_config('enable_seqscan', 'off', true)`);
    const { rows } = await ask(`EXPLAIN (FORMAT JSON) ${text}`);
    return [...JSON.stringify(rows).matchAll(/"Index Cond":"((?:[^"\\]|\\.)*)"/g)].some(([, condition]) =>
      condition!.includes('segment_sync.since_'),
    );
  }

  async function* read(since: SinceText): AsyncGenerator<Uint8Array> {
    const text = await bind(since);
    running = true;
    const rows = client.query(
      copyTo(`COPY (\n${text}\n) TO STDOUT WITH (FORMAT csv, NULL '\\N', ENCODING 'UTF8')`, {
        highWaterMark: PIECE_BYTES,
      }),
    );
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

type Facts = { now: string; version: string; pid: number; tls: string | null };

function clientOf({ address, ca }: QueryRequest): pg.Client {
  const { host, port, socket, user, password, database, tls } = address;
  return new pg.Client({
    host: socket ?? host,
    port,
    user,
    // As a function, so that no password of the environment or of a file takes the place of an empty one.
    password: () => password,
    database,
    ssl: tls === 'off' ? false : { rejectUnauthorized: tls === 'verify', ca },
    application_name: 'segment-sync',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
}

/** Asks through another connection; where that does not come about, the server notices when it next sends rows. */
async function stopOnServer(request: QueryRequest, pid: number): Promise<void> {
  const other = clientOf(request);
  other.on('error', () => undefined);
  try {
    await other.connect();
    await other.query('SELECT pg_cancel_backend($1)', [pid]);
  } catch {
    // The connection that is closed next is all there is to do.
  } finally {
    await other.end().catch(() => undefined);
  }
}
