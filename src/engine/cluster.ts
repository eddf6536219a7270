import { setTimeout as wait } from 'node:timers/promises';
import { ClickHouseError, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import { SyncError } from '../../connectors/error.ts';
import type { ServerSettings } from './server.ts';

/** A cluster of ClickHouse, as the servers' `remote_servers` name it. */
export type Cluster = { name: string; replicated: boolean; database: string };

export function clusterOf(settings: ServerSettings | { state: string }): Cluster | undefined {
  if ('state' in settings) return undefined;
  const { cluster: name, replicated = true, database = 'default' } = settings;
  return name === undefined ? undefined : { name, replicated, database };
}

/** How long an ALTER, CREATE or DROP may take on all servers of a cluster: a deletion rewrites tables. */
const DEFINITION_SECONDS = 3600;

/** What each statement sets on a cluster; nothing elsewhere. */
export function clusterSettings(cluster: Cluster | undefined): ClickHouseSettings {
  if (!cluster) return {};
  return {
    // What stands right of an IN or JOIN is worked out once, over all shards, and sent to each.
    distributed_product_mode: 'global',
    // An insert is acknowledged when every shard has stored its rows, and not when they wait to be sent.
    distributed_foreground_insert: 1,
    // Rows go to the shards that their keys name, and groups are put together first: not each shard for itself.
    parallel_distributed_insert_select: '0',
    // A shard that is away would be an audience that loses its members.
    skip_unavailable_shards: 0,
    distributed_ddl_task_timeout: String(DEFINITION_SECONDS),
    distributed_ddl_output_mode: 'throw',
    // Until every replica has done it.
    alter_sync: '2',
    ...(cluster.replicated ? REPLICATED : {}),
  } as ClickHouseSettings;
}

const REPLICATED = {
  // Most replicas of a shard have a row before it is acknowledged, so that none is lost with a server.
  insert_quorum: 'auto',
  // Who has just written reads where it wrote: the first replica that is there, whoever asks.
  prefer_localhost_replica: 0,
  load_balancing: 'in_order',
  // One that lags behind would show a run only a part of what it has just stored.
  max_replica_delay_for_distributed_queries: '5',
  fallback_to_stale_replicas_for_distributed_queries: 0,
  // A deletion may ask another table whose rows go: the other table stays as it is meanwhile.
  allow_nondeterministic_mutations: 1,
};

/** What a statement sets by which two processes decide: all see the same order of writes. */
export const DECIDING: ClickHouseSettings = { insert_quorum_parallel: 0, select_sequential_consistency: '1' };

/** UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE, REPLICA_IS_NOT_IN_QUORUM. */
const NOT_YET = ['286', '289'];
const TRIES = 40;
const PAUSE_MS = 250;

/** Does what `decides`, again while the replicas of a shard are still busy with what was stored just before. */
export async function settled<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !(error instanceof ClickHouseError) || !NOT_YET.includes(error.code)) throw error;
      await wait(Math.random() * PAUSE_MS);
    }
  }
}

/** What follows a table's name in a definition that all servers of a cluster are to carry out. */
export function onCluster(cluster: Cluster | undefined): string {
  return cluster ? ` ON CLUSTER ${cluster.name}` : '';
}

/** A table of ClickHouse's own, such as `system.parts`, of one replica of each shard. */
export function everywhere({ cluster }: { readonly cluster?: Cluster }, table: string): string {
  return cluster ? `cluster('${cluster.name}', ${table})` : table;
}

/** NO_ELEMENTS_IN_CONFIG; BAD_ARGUMENTS, of a macro that is not there. */
const NO_MACRO = ['139', '36'];

/** @throws SyncError `ENGINE_CLUSTER` where the server knows no such cluster, or not which part of it it is */
export async function lookAtCluster(
  client: ClickHouseClient,
  url: string,
  { name, replicated }: Cluster,
): Promise<void> {
  const where = new URL(url).host;
  const answer = await client.query({
    query: 'SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster',
    format: 'JSONEachRow',
  });
  const known = (await answer.json<{ cluster: string }>()).map(({ cluster }) => cluster);
  if (!known.includes(name)) {
    throw new SyncError({
      code: 'ENGINE_CLUSTER',
      where,
      what: `The ClickHouse server knows no cluster "${name}".`,
      why: known.length > 0 ? `It knows: ${known.join(', ')}.` : 'It knows none.',
      fix: 'Correct `engine.cluster`, or name the cluster in `remote_servers` of every server.',
    });
  }
  if (!replicated) return;
  try {
    await client.command({ query: `SELECT getMacro('shard'), getMacro('replica')` });
  } catch (error) {
    if (!(error instanceof ClickHouseError) || !NO_MACRO.includes(error.code)) throw error;
    throw new SyncError(
      {
        code: 'ENGINE_CLUSTER',
        where,
        what: 'The ClickHouse server does not know which shard and which replica it is.',
        why: 'Replicated tables are named by its macros `shard` and `replica`.',
        fix: 'Set both in `macros` of every server, or `engine.replicated: false` where each shard is one server.',
      },
      { cause: error },
    );
  }
}
