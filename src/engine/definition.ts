import { type Cluster, onCluster } from './cluster.ts';
import type { Engine, Params } from './engine.ts';

type Place = Pick<Engine, 'command' | 'cluster'>;

/**
 * The table that keeps the rows of `table`: what an ALTER or TRUNCATE names. On a cluster each shard keeps its part
 * in a table of its own, and the table of that name is the way to all of them.
 */
export function stored({ cluster }: Pick<Engine, 'cluster'>, table: string): string {
  return cluster ? `${shardOf(table)}${onCluster(cluster)}` : table;
}

/** The name under which a shard keeps its part of a table. */
export function shardOf(table: string): string {
  return `${table}_shard`;
}

/** The table of which a shard keeps its part under this name. */
export function wholeOf(shard: string): string {
  return shard.replace(/_shard$/, '');
}

/**
 * Creates a table.
 *
 * @param definition columns and engine, as on one server
 * @param key SQL: on a cluster a row belongs to the shard that this number names, modulo
 * @param options.new whether it is an error that there is one already
 */
export async function createTable(
  engine: Place,
  table: string,
  definition: string,
  key: string,
  options: { new?: boolean } = {},
): Promise<void> {
  const create = options.new ? 'CREATE TABLE' : 'CREATE TABLE IF NOT EXISTS';
  const { cluster } = engine;
  await engine.command(
    `${create} ${stored(engine, table)} ${cluster ? kept(definition, cluster) : definition}`,
  );
  if (!cluster) return;
  const shard = shardOf(table);
  await engine.command(
    `${create} ${table}${onCluster(cluster)} AS ${shard} ENGINE = Distributed('${cluster.name}', '${cluster.database}', '${shard}', ${key})`,
  );
}

/**
 * Deletes rows, or changes them.
 *
 * @param change SQL: what follows the table's name, with its condition
 * @param params of `change`
 */
export async function mutate(engine: Place, table: string, change: string, params?: Params): Promise<void> {
  await engine.command(`ALTER TABLE ${stored(engine, table)} ${change} SETTINGS mutations_sync = 2`, params);
}

/** Drops a table if it is there, and only then returns. */
export async function dropTable(engine: Place, table: string): Promise<void> {
  if (engine.cluster) await engine.command(`DROP TABLE IF EXISTS ${table}${onCluster(engine.cluster)} SYNC`);
  await engine.command(`DROP TABLE IF EXISTS ${stored(engine, table)} SYNC`);
}

/** Adds a column that a store of an earlier version lacks. */
export async function addColumn(engine: Place, table: string, name: string, type: string): Promise<void> {
  const add = `ADD COLUMN IF NOT EXISTS ${name} ${type}`;
  await engine.command(`ALTER TABLE ${stored(engine, table)} ${add}`);
  if (engine.cluster) await engine.command(`ALTER TABLE ${table}${onCluster(engine.cluster)} ${add}`);
}

/** A replica that is added later finds the others by the path, so the path names the table and not its unique id. */
const PATH = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;

/** A definition as a shard has it. */
function kept(definition: string, { replicated }: Cluster): string {
  if (!replicated) return definition;
  return definition
    .replace(/ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?/, (_, family: string, given?: string) => {
      return `ENGINE = Replicated${family}(${[PATH, ...(given ? [given] : [])].join(', ')})`;
    })
    .replace('non_replicated_deduplication_window', 'replicated_deduplication_window');
}
