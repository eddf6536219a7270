import { randomUUID } from 'node:crypto';
import type { ClickHouseSettings } from '@clickhouse/client';
import { DECIDING, onCluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import { spread } from './each-shard.ts';
import type { CallOptions, Params } from './engine.ts';

/** What a client is asked with: the statement as this place is told it, under an id of its own. */
export function request(
  to: Connection,
  sql: string,
  params: Params,
  options: CallOptions,
  settings: ClickHouseSettings = {},
) {
  const ends = [options.signal, to.gone].filter((signal) => signal !== undefined);
  const limit = options.timeout_seconds === undefined ? {} : { max_execution_time: options.timeout_seconds };
  return {
    query: to.cluster ? spread(sql, to.cluster) : sql,
    query_id: randomUUID(),
    query_params: params,
    abort_signal: ends.length > 1 ? AbortSignal.any(ends) : ends[0],
    clickhouse_settings: { ...settings, ...limit, ...(options.decides && to.cluster ? DECIDING : {}) },
  };
}

/** A server goes on with a statement that writes when its caller has gone; the engine process does not. */
export async function killable<T>(
  to: Connection,
  id: string,
  options: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const kill = () => {
    const sql = `KILL QUERY${onCluster(to.cluster)} WHERE query_id = {id:String} ASYNC`;
    to.client.command({ query: sql, query_params: { id } }).catch(() => {});
  };
  if (!to.hold) options.signal?.addEventListener('abort', kill, { once: true });
  try {
    return await work();
  } finally {
    options.signal?.removeEventListener('abort', kill);
  }
}
