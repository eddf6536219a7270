import { Agent, type AgentOptions } from 'node:http';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { type Cluster, clusterOf } from './cluster.ts';
import { explained, isCutOff, lost, neverArrived } from './errors.ts';
import { refusedBy } from './refused.ts';
import { openServer, type Server, type ServerSettings } from './server.ts';
import { holdEngine, type Hold } from './start.ts';

export type EngineSettings =
  | {
      /** Directory of the store; created when missing. */
      state: string;
      /** For the whole engine process: bytes, or for example `4GiB`; default half of the machine's or container's. */
      max_memory?: string | number;
      /** How long the engine process stays after its last caller closed; default 60. */
      idle_seconds?: number;
    }
  | ServerSettings;

/** When a request that was cut off may be sent again: `if_unseen` when the engine cannot have got any of it. */
export type Again = 'always' | 'if_unseen' | 'never';

/** `hold` keeps the engine process from leaving; `gone` is aborted when a server answers nothing any more. */
export type Connection = {
  client: ClickHouseClient;
  lost?: boolean;
  cluster?: Cluster;
} & ({ hold: Hold; gone?: undefined } | { hold?: undefined; gone: AbortSignal });

export type Connector = {
  /**
   * Does `work` on a connection, after starting an engine process again that has ended, or waiting for a server to come
   * back; once more if cut off.
   *
   * @throws the signal's reason if aborted, ClickHouseError without values, SyncError `ENGINE_LOST`, or another where
   *   the server lets nobody in
   */
  attempt<T>(again: Again, signal: AbortSignal | undefined, work: (to: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** Settings whose defaults lose digits, guess dates, drop unknown fields or differ by machine. */
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

const COMMON = {
  application: 'segment-sync',
  request_timeout: REQUEST_MS,
  max_open_connections: 100,
  clickhouse_settings: FIXED,
  log: { level: ClickHouseLogLevel.OFF },
};

export function connector(settings: EngineSettings): Connector {
  let connecting: Promise<Connection> | undefined;
  let server: Server | undefined;
  let closed = false;

  /** Several calls may find the engine process lost at the same time: the first starts it again for all. */
  async function connected(): Promise<Connection> {
    if (closed) throw new Error('The engine has been closed.');
    const known = connecting;
    const current = await known;
    if (current && !current.lost && !current.gone?.aborted && !current.hold?.lost()) return current;
    if (connecting === known) {
      connecting = connect();
      connecting.catch(() => (connecting = undefined));
      current?.hold?.release();
    }
    return connected();
  }

  async function connect(): Promise<Connection> {
    if ('state' in settings) return connectTo(await holdEngine(settings));
    if (server) await server.returned();
    server ??= openServer(settings, COMMON);
    return { client: server.client, gone: server.gone, cluster: clusterOf(settings) };
  }

  return {
    async attempt(again, signal, work) {
      for (let first = true; ; first = false) {
        const to = await connected();
        // The client looks at the signal only when it is aborted later.
        signal?.throwIfAborted();
        try {
          const done = await work(to);
          server?.answered();
          return done;
        } catch (error) {
          signal?.throwIfAborted();
          if (!isCutOff(error, to)) throw refusedBy(settings, error) ?? explained(error);
          to.lost = true;
          const harmless = again === 'always' || (again === 'if_unseen' && neverArrived(error));
          if (!first || closed || !harmless) throw lost(settings, error);
        }
      }
    },

    async close() {
      closed = true;
      await server?.close();
      const last = await connecting?.catch(() => undefined);
      if (!server) await last?.client.close();
      last?.hold?.release();
    },
  };
}

function connectTo(hold: Hold): Connection {
  // Node passes an agent's `socketPath` on to each of its connections; the types do not know.
  const agent = new Agent({ socketPath: hold.socket, keepAlive: true } as AgentOptions);
  return { hold, client: createClient({ ...COMMON, url: 'http://engine', http_agent: agent }) };
}
