import { addAbortSignal, Readable } from 'node:stream';
import type { ClickHouseSettings } from '@clickhouse/client';
import { linesOf, rowsOf, untilException } from './answer.ts';
import { killable, request } from './call.ts';
import { type Cluster, clusterOf, lookAtCluster } from './cluster.ts';
import { type Again, type Connection, connector, type EngineSettings } from './connection.ts';
import { explained, isCutOff, lost } from './errors.ts';
import { LITTLE_MEMORY, memoryBytes } from './memory.ts';
import { unsettable } from './refused.ts';

export type { EngineSettings } from './connection.ts';

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
  /** Two processes decide by it who may go on: on a cluster it sees all that was stored before, whichever replica answers. */
  decides?: boolean;
};

/**
 * The one way to the data. Every call throws `ClickHouseError` (`code`, `type`) when the engine refuses the statement;
 * its message names no values of rows. Throws SyncError `ENGINE_LOST` (`retry: 'now'`) when the engine went away
 * during the call; the next call starts the engine process again.
 */
export type Engine = {
  /** Whether it runs on this machine and reads its files by their paths; a server may stand anywhere. */
  readonly reads_files: boolean;
  /** Whether it has so little memory that its statements had better not run side by side. */
  readonly has_little_memory: boolean;
  /** The server that it is, where it does not run on this machine as a process of ours. */
  readonly server?: { host: string; port: number; user: string; database: string };
  /** The cluster that the server is of, where the store is divided among its shards. */
  readonly cluster?: Cluster;
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
   * Stores rows, streamed, in the table of that name; a key that is no column is an error. Up to about a million rows (one block) are stored
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
  /**
   * Runs `INSERT … SELECT … FROM input('structure') … FORMAT …` over bytes in that format, streamed: any statement may
   * stand between them and the table. Never asked twice; rows of a source that throws are stored in part or not at all.
   */
  load(sql: string, bytes: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<void>;
  /** Lets the engine go; statements that still run are cancelled. */
  close(): Promise<void>;
};

/**
 * Opens the store: finds or starts the engine process of a state directory, or connects to a server.
 *
 * @throws SyncError `ENGINE_IN_USE`, `ENGINE_START_FAILED`, `ENGINE_PATH_INVALID`, `ENGINE_SOCKET_UNSAFE`,
 *   `ENGINE_MEMORY_INVALID`;
 *   `ENGINE_LOST` when a server does not answer; `ENGINE_KEY_REFUSED`, `ENGINE_DATABASE`, `ENGINE_PERMISSION` or
 *   `ENGINE_TLS` when it lets us not in
 */
export async function openEngine(settings: EngineSettings): Promise<Engine> {
  const { attempt, close } = connector(settings);

  async function read(to: Connection, sql: string, params: Params, options: CallOptions) {
    const { stream, response_headers } = await to.client.exec(request(to, sql, params, options));
    for (const signal of [options.signal, to.gone]) if (signal) addAbortSignal(signal, stream);
    return { stream, chunks: untilException(stream, response_headers['x-clickhouse-exception-tag']) };
  }

  /** Sends a statement with what it stores. */
  async function send(
    sql: string,
    open: () => AsyncIterable<string | Uint8Array>,
    options: CallOptions & { again: Again; settings: ClickHouseSettings },
  ): Promise<void> {
    let failure: { error: unknown } | undefined;
    // A generator would also get the errors of the connection, through `throw`, and take them for the rows'.
    const watched = () => {
      const source = open()[Symbol.asyncIterator]();
      const next = () =>
        source.next().catch((error: unknown) => {
          failure = { error };
          throw error;
        });
      return { [Symbol.asyncIterator]: () => ({ next, return: async () => source.return?.() }) };
    };
    await attempt(options.again, options.signal, async (to) => {
      const call = request(to, sql, {}, options, options.settings);
      const values = Readable.from(watched() as AsyncIterable<string>, { objectMode: false });
      await killable(to, call.query_id, options, async () => {
        const { stream } = await to.client.exec({ ...call, values });
        for await (const _ of stream);
      }).catch((error: unknown) => {
        if (!failure) throw error;
      });
    });
    if (failure) throw failure.error;
  }

  /** What a result that breaks off is for its reader. */
  function broken(to: Connection, error: unknown, options: CallOptions): unknown {
    if (options.signal?.aborted) return options.signal.reason;
    return isCutOff(error, to) ? lost(settings, error) : explained(error);
  }

  const engine: Engine = {
    reads_files: 'state' in settings,
    has_little_memory: 'state' in settings && memoryBytes(settings.max_memory) < LITTLE_MEMORY,
    server: serverOf(settings),
    cluster: clusterOf(settings),

    query<Row>(sql: string, params: Params = {}, options: CallOptions = {}) {
      return attempt('always', options.signal, async (to) => {
        const call = request(to, sql, params, options, { wait_end_of_query: 1 });
        const result = await to.client.query({ ...call, format: 'JSONEachRow' });
        return result.json<Row>();
      });
    },

    async *stream<Row>(sql: string, params: Params = {}, options: CallOptions = {}) {
      const text = `${sql.trim().replace(/;$/, '')}\nFORMAT JSONEachRow`;
      const { to, rows, first } = await attempt('always', options.signal, async (to) => {
        const { chunks } = await read(to, text, params, options);
        const rows = rowsOf<Row>(chunks);
        return { to, rows, first: await rows.next() };
      });
      try {
        for (let next = first; !next.done; next = await rows.next()) yield next.value;
      } catch (error) {
        throw broken(to, error, options);
      } finally {
        await rows.return(undefined);
      }
    },

    bytes(sql, params = {}, options = {}) {
      return attempt('always', options.signal, async (to) => {
        const { stream, chunks } = await read(to, sql, params, options);
        const explainedChunks = async function* () {
          try {
            yield* chunks;
          } catch (error) {
            throw broken(to, error, options);
          }
        };
        // Destroyed while it waits for bytes, the generator alone would not end the statement.
        return Readable.from(explainedChunks(), { objectMode: false }).once('close', () => stream.destroy());
      });
    },

    async command(sql, params = {}, options = {}) {
      await attempt('if_unseen', options.signal, (to) => {
        const call = request(to, sql, params, options, { wait_end_of_query: 1 });
        return killable(to, call.query_id, options, () => to.client.command(call));
      });
    },

    async insert(table, rows, options = {}) {
      const { token } = options;
      const sql = `INSERT INTO ${table} FORMAT JSONEachRow`;
      const once = token === undefined;
      // What has been taken from an iterator cannot be sent a second time.
      const again = Array.isArray(rows) ? (once ? 'if_unseen' : 'always') : 'never';
      await send(sql, () => linesOf(rows), {
        ...options,
        again,
        settings: once ? {} : { insert_deduplication_token: token },
      });
    },

    load: (sql, bytes, options = {}) => send(sql, () => bytes, { ...options, again: 'never', settings: {} }),

    close,
  };

  try {
    await attempt('always', undefined, async (to) => {
      if (to.gone) return look(to, to.gone);
      const answer = await to.client.ping();
      if (!answer.success) throw answer.error;
    });
  } catch (error) {
    await close();
    throw error;
  }
  return engine;

  /** A ping would tell neither whether the server knows the user and the database, nor what may be set. */
  async function look(to: Connection, gone: AbortSignal): Promise<void> {
    try {
      await to.client.command({ query: 'SELECT 1', abort_signal: gone });
    } catch (error) {
      throw ('url' in settings && unsettable(settings, error)) || error;
    }
    if ('url' in settings && to.cluster) await lookAtCluster(to.client, settings.url, to.cluster);
  }
}

function serverOf(settings: EngineSettings): Engine['server'] {
  if ('state' in settings) return undefined;
  const { hostname, port, protocol } = new URL(settings.url);
  const usual = protocol === 'https:' ? 443 : 80;
  const { user = 'default', database = 'default' } = settings;
  return { host: hostname, port: Number(port || usual), user, database };
}
