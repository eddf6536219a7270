import { randomUUID } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:http';
import { addAbortSignal, Readable } from 'node:stream';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { linesOf, rowsOf, untilException } from './answer.ts';
import { cutOff, explained, isCutOff, neverArrived } from './errors.ts';
import { holdEngine, type Hold } from './start.ts';

/**
 * Values for `{name:Type}` in the SQL. They travel apart from it, so no text can become part of the statement.
 * A server takes at most 128 KiB for one value: longer lists belong into a table.
 */
export type Params = Record<string, unknown>;

export type CallOptions = {
  /** The engine ends the statement after this long with ClickHouse's error 159; reading the result counts. */
  timeout_seconds?: number;
  /** Aborting kills the statement in the engine; the call throws the signal's reason. */
  signal?: AbortSignal;
};

export type EngineSettings =
  | {
      /** Directory of the store; created when missing. */
      state: string;
      /** For the whole engine process: bytes, or for example `4GiB`; default half of the machine's or container's. */
      max_memory?: string | number;
      /** How long the engine process stays after its last caller closed; default 60. */
      idle_seconds?: number;
    }
  | {
      /** A ClickHouse server, for example `https://db.example:8443`. */
      url: string;
      user?: string;
      password?: string;
      database?: string;
    };

/**
 * The one way to the data. Every call throws `ClickHouseError` (`code`, `type`) when the engine refuses the statement;
 * its message names no values of rows. Throws SyncError `ENGINE_LOST` (`retry: 'now'`) when the engine went away
 * during the call; the next call starts the engine process again.
 */
export type Engine = {
  /** Reads a small result, all rows at once; 64-bit integers and decimals are strings. Asked again once if the engine is lost. */
  query<Row>(sql: string, params?: Params, options?: CallOptions): Promise<Row[]>;
  /**
   * Reads a result that grows, in chunks of rows, with flat memory; breaking out of the loop cancels the statement.
   * Asked again once if the engine is lost before the first chunk.
   */
  stream<Row>(sql: string, params?: Params, options?: CallOptions): AsyncIterable<Row[]>;
  /**
   * The bytes of a result in the format that the statement names at its end (`… FORMAT CSVWithNames`). An error after
   * the first bytes destroys the stream with that error; destroying the stream cancels the statement.
   */
  bytes(sql: string, params?: Params, options?: CallOptions): Promise<Readable>;
  /** Runs a statement that answers nothing: DDL, INSERT … SELECT, KILL. Never asked twice. */
  command(sql: string, params?: Params, options?: CallOptions): Promise<void>;
  /**
   * Stores rows, streamed; a key that is no column is an error. Up to about a million rows (one block) are stored
   * whole or not at all. A source that throws stores nothing of what had not yet been sent, and its error is thrown.
   *
   * @param options.token for tables with `non_replicated_deduplication_window`: the same token stores once.
   *   An array with a token is sent again once if the engine is lost.
   */
  insert(
    table: string,
    rows: Iterable<object> | AsyncIterable<object>,
    options?: CallOptions & { token?: string },
  ): Promise<void>;
  /** Lets the engine go; statements that still run are cancelled. */
  close(): Promise<void>;
};

/** Settings whose defaults lose digits, guess dates or differ by machine. */
const FIXED: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  date_time_input_format: 'best_effort',
  date_time_output_format: 'iso',
  session_timezone: 'UTC',
  join_use_nulls: 1,
  input_format_skip_unknown_fields: 0,
  // A server otherwise reads on for a caller that has gone.
  cancel_http_readonly_queries_on_client_close: 1,
};

/** The longest a timer can be (24 days): a statement may take hours without a byte, and has its own time limit. */
const REQUEST_MS = 2 ** 31 - 1;
const CONNECTIONS = 100;

type Connection = { client: ClickHouseClient; hold?: Hold };
type Call = { params?: Params; options?: CallOptions; settings?: ClickHouseSettings };

/**
 * Opens the store: finds or starts the engine process of a state directory, or connects to a server.
 *
 * @throws SyncError `ENGINE_IN_USE`, `ENGINE_START_FAILED`, `ENGINE_SOCKET_UNSAFE`, `ENGINE_MEMORY_INVALID`;
 *   `ENGINE_LOST` when a server does not answer
 */
export async function openEngine(settings: EngineSettings): Promise<Engine> {
  let connecting: Promise<Connection> | undefined;
  let closed = false;

  async function connected(): Promise<Connection> {
    if (closed) throw new Error('The engine has been closed.');
    const current = await connecting;
    if (current && !current.hold?.lost()) return current;
    // Several calls find the loss at the same time: the first opens anew for all.
    if (current && (await connecting) !== current) return connected();
    connecting = connect(settings);
    connecting.catch(() => (connecting = undefined));
    await current?.client.close();
    return connecting;
  }

  /** @param again whether a second time is harmless; a request that never arrived is always sent again */
  async function attempt<T>(
    again: () => boolean,
    options: CallOptions,
    work: (to: Connection) => Promise<T>,
  ) {
    options.signal?.throwIfAborted();
    for (let first = true; ; first = false) {
      const to = await connected();
      try {
        return await work(to);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!isCutOff(error)) throw explained(error);
        if (!first || closed || !(again() || neverArrived(error))) throw cutOff(settings);
      }
    }
  }

  function request(sql: string, { params, options = {}, settings: more }: Call) {
    const limit = options.timeout_seconds;
    return {
      query: sql,
      query_id: randomUUID(),
      query_params: params,
      abort_signal: options.signal,
      clickhouse_settings: { ...more, ...(limit === undefined ? {} : { max_execution_time: limit }) },
    };
  }

  /** A server goes on with a statement that writes when its caller has gone; the engine process does not. */
  async function killable<T>(
    to: Connection,
    id: string,
    options: CallOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    const kill = () => {
      const sql = 'KILL QUERY WHERE query_id = {id:String} ASYNC';
      to.client.command({ query: sql, query_params: { id } }).catch(() => {});
    };
    if (!to.hold) options.signal?.addEventListener('abort', kill, { once: true });
    try {
      return await work();
    } finally {
      options.signal?.removeEventListener('abort', kill);
    }
  }

  async function read(
    to: Connection,
    sql: string,
    params: Params,
    options: CallOptions,
  ): Promise<AsyncIterable<Buffer>> {
    const { stream, response_headers } = await to.client.exec(request(sql, { params, options }));
    if (options.signal) addAbortSignal(options.signal, stream);
    return untilException(stream, response_headers['x-clickhouse-exception-tag']);
  }

  /** What a result that breaks off is for its reader. */
  function broken(error: unknown, options: CallOptions): unknown {
    if (options.signal?.aborted) return options.signal.reason;
    return isCutOff(error) ? cutOff(settings) : explained(error);
  }

  const engine: Engine = {
    query<Row>(sql: string, params: Params = {}, options: CallOptions = {}) {
      return attempt(
        () => true,
        options,
        async ({ client }) => {
          const call = request(sql, { params, options, settings: { wait_end_of_query: 1 } });
          const result = await client.query({ ...call, format: 'JSONEachRow' });
          return result.json<Row>();
        },
      );
    },

    async *stream<Row>(sql: string, params: Params = {}, options: CallOptions = {}) {
      const text = `${sql.trim().replace(/;$/, '')}\nFORMAT JSONEachRow`;
      let chunks: AsyncIterator<Row[]> | undefined;
      let next = await attempt(
        () => true,
        options,
        async (to) => {
          chunks = rowsOf<Row>(await read(to, text, params, options))[Symbol.asyncIterator]();
          return chunks.next();
        },
      );
      try {
        while (!next.done) {
          yield next.value;
          next = await chunks!.next();
        }
      } catch (error) {
        throw broken(error, options);
      } finally {
        await chunks?.return?.();
      }
    },

    bytes(sql, params = {}, options = {}) {
      return attempt(
        () => true,
        options,
        async (to) => {
          const chunks = await read(to, sql, params, options);
          async function* explainedChunks() {
            try {
              yield* chunks;
            } catch (error) {
              throw broken(error, options);
            }
          }
          return Readable.from(explainedChunks(), { objectMode: false });
        },
      );
    },

    async command(sql, params = {}, options = {}) {
      await attempt(
        () => false,
        options,
        (to) => {
          const call = request(sql, { params, options, settings: { wait_end_of_query: 1 } });
          return killable(to, call.query_id, options, () => to.client.command(call));
        },
      );
    },

    async insert(table, rows, options = {}) {
      const repeatable = Array.isArray(rows) && options.token !== undefined;
      await attempt(
        () => repeatable,
        options,
        async (to) => {
          const token = options.token === undefined ? {} : { insert_deduplication_token: options.token };
          const call = request(`INSERT INTO ${table} FORMAT JSONEachRow`, { options, settings: token });
          const values = Readable.from(linesOf(rows), { objectMode: false });
          await killable(to, call.query_id, options, async () => {
            const { stream } = await to.client.exec({ ...call, values });
            for await (const _ of stream);
          });
        },
      );
    },

    async close() {
      closed = true;
      const last = await connecting?.catch(() => undefined);
      await last?.client.close();
      last?.hold?.release();
    },
  };

  const { client, hold } = await connected();
  if (!hold && !(await client.ping()).success) throw cutOff(settings);
  return engine;
}

async function connect(settings: EngineSettings): Promise<Connection> {
  const common = {
    application: 'segment-sync',
    request_timeout: REQUEST_MS,
    max_open_connections: CONNECTIONS,
    clickhouse_settings: FIXED,
    log: { level: ClickHouseLogLevel.OFF },
  };
  if ('url' in settings) {
    const { url, user, password, database } = settings;
    return { client: createClient({ ...common, url, username: user, password, database }) };
  }
  const hold = await holdEngine(settings);
  // Node passes an agent's `socketPath` on to each of its connections; the types do not know.
  const agent = new Agent({ socketPath: hold.socket, keepAlive: true } as AgentOptions);
  return { hold, client: createClient({ ...common, url: 'http://engine', http_agent: agent }) };
}
