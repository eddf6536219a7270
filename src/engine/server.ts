import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client';
import { SyncError } from '../../connectors/error.ts';
import { clusterOf, clusterSettings } from './cluster.ts';
import { lost } from './errors.ts';
import { refusedBy } from './refused.ts';

export type ServerSettings = {
  /** A ClickHouse server, for example `https://db.example:8443`. */
  url: string;
  user?: string;
  password?: string;
  database?: string;
  /** A cluster that the server is of, by its name there: each table is then divided among its shards. */
  cluster?: string;
  /** Whether the shards of the cluster keep replicas; default true. */
  replicated?: boolean;
  /** File with the certificates to trust (PEM); those of the system unless given. */
  ca?: string;
  /** Files with a certificate of this program's own and its key (PEM); without `password` the user logs in by it. */
  cert?: string;
  key?: string;
  /** How long a server may answer nothing, not even a ping, in milliseconds; default a minute. */
  gone_after?: number;
};

/** A server as its caller holds it. */
export type Server = {
  client: ClickHouseClient;
  /** Aborted when it has answered nothing for too long: whatever waits for it then waits in vain. */
  gone: AbortSignal;
  /** Called when it has done what it was asked. */
  answered(): void;
  /**
   * Waits until it answers, if it did before.
   * @throws SyncError `ENGINE_LOST` when it does not in time
   */
  returned(): Promise<void>;
  close(): Promise<void>;
};

const GONE_AFTER_MS = 60_000;
const LONGEST_PAUSE_MS = 2000;
/** Enough headers of progress for days. */
const LONGEST_HEAD_BYTES = 4 * 1024 * 1024;

export function openServer(settings: ServerSettings, common: ClickHouseClientConfigOptions): Server {
  const { url, user = 'default', password = '', database, gone_after = GONE_AFTER_MS } = settings;
  const byCertificate = settings.cert !== undefined && password === '';
  const options: ClickHouseClientConfigOptions = {
    ...common,
    url,
    database,
    max_response_headers_size: LONGEST_HEAD_BYTES,
    clickhouse_settings: {
      ...common.clickhouse_settings,
      // Proxies break connections off on which nothing passes, and a statement may take hours.
      send_progress_in_http_headers: 1,
      http_headers_progress_interval_ms: '30000',
      ...clusterSettings(clusterOf(settings)),
    },
    ...(byCertificate
      ? {
          set_basic_auth_header: false,
          http_headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-SSL-Certificate-Auth': 'on' },
        }
      : { username: user, password }),
  };
  const client = createClient({ ...options, http_agent: agentOf(settings, common.max_open_connections) });
  // Of its own, so that no ping waits behind statements.
  const pinger = createClient({ ...options, http_agent: agentOf(settings, 2) });
  let gone = new AbortController();
  const closed = new AbortController();
  // A server that never answered is not waited for: rather its address is wrong.
  let known = false;

  /** @returns what went wrong, or nothing where it answers */
  async function ping(): Promise<{ error: unknown } | undefined> {
    const abort_signal = AbortSignal.timeout(gone_after / 2);
    const answer = await pinger.ping({ select: false, abort_signal });
    known ||= answer.success;
    return answer.success ? undefined : answer;
  }

  /** A statement may rightly take hours, so that a server is there is asked beside it. */
  async function watch(): Promise<void> {
    let last = performance.now();
    let misses = 0;
    while (!closed.signal.aborted) {
      await wait(gone_after / 4, undefined, { ref: false });
      const failed = !closed.signal.aborted && (await ping());
      misses = failed ? misses + 1 : 0;
      if (!failed) last = performance.now();
      // Twice at least: the first may be the fault of this process, where it was busy for long.
      else if (misses > 1 && performance.now() - last >= gone_after) gone.abort();
    }
  }
  void watch();

  return {
    client,
    get gone() {
      return gone.signal;
    },
    answered() {
      known = true;
    },
    async returned() {
      const deadline = performance.now() + (known ? gone_after : 0);
      for (let pause = 50; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        const failed = await ping();
        if (!failed) break;
        if (closed.signal.aborted || performance.now() + pause > deadline) {
          known = false;
          throw refusedBy(settings, failed.error) ?? lost(settings, failed.error);
        }
        await wait(pause);
      }
      if (gone.signal.aborted) gone = new AbortController();
    },
    async close() {
      closed.abort();
      await Promise.all([client.close(), pinger.close()]);
    },
  };
}

function agentOf(settings: ServerSettings, maxSockets: number | undefined): HttpAgent {
  const options = { keepAlive: true, maxSockets };
  if (!settings.url.startsWith('https:')) return new HttpAgent(options);
  const { ca, cert, key } = settings;
  return new HttpsAgent({ ...options, ca: read('ca', ca), cert: read('cert', cert), key: read('key', key) });
}

function read(setting: 'ca' | 'cert' | 'key', file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SyncError(
      {
        code: 'ENGINE_TLS',
        where: `engine.${setting}`,
        what: `The file ${file} cannot be read.`,
        why: error instanceof Error && 'code' in error ? String(error.code) : undefined,
        fix: 'Name a file with a certificate or key in PEM that this user may read.',
      },
      { cause: error },
    );
  }
}
