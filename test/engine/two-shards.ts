import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CLUSTER = 'two_shards';

/** A replica without a database of its own is asked in this very process, and no connection to its port is made. */
const SHARD = '<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>';

/**
 * Writes the configuration that an engine process finds where it starts: a cluster whose two shards are itself.
 * @param options.named whether it knows which shard and which replica it is
 */
export function configureShards(state: string, { named = true } = {}): void {
  const folder = join(state, 'spool');
  const macros = named ? '<macros><shard>01</shard><replica>one</replica></macros>' : '';
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'config.xml'),
    `<clickhouse><tcp_port>9000</tcp_port>${macros}
      <remote_servers><${CLUSTER}>${SHARD}${SHARD}</${CLUSTER}></remote_servers></clickhouse>`,
  );
}

/**
 * Makes an engine process of a cluster of two shards what two servers would be. Both shards keep their rows in the same
 * tables there, so each reads with a filter: the rows that the sharding key gives it. Whoever reads the table of a shard
 * past the cluster then finds none, and what the shards do not work out for themselves goes through ClickHouse's own
 * distributed plans.
 */
export function twoShards() {
  const filters = new Map<string, string>();
  return {
    /** @returns a statement as the engine process can carry it out, which has no Keeper */
    statement(sql: string): string {
      const [, shard, key] = /ENGINE = Distributed\('\w+', '\w+', '(\w+)', (.*)\)$/s.exec(sql) ?? [];
      if (shard) filters.set(shard, `(${key}) % 2 + 1 = shardNum()`);
      return sql
        .replace(` ON CLUSTER ${CLUSTER}`, '')
        .replace(/ENGINE = Replicated(\w+)\('[^']*', '[^']*'(?:, )?/, 'ENGINE = $1(')
        .replace(' replicated_deduplication_window', ' non_replicated_deduplication_window');
    },
    settings(): Record<string, string> {
      const pairs = [...filters].map(([table, filter]) => `'${table}': '${filter}'`);
      return {
        additional_table_filters: `{${pairs.join(', ')}}`,
        prefer_localhost_replica: '1',
        // By a token the second shard's rows would be the first's once more, in the table that they share: rows are told by what they say.
        insert_deduplication_token: '',
      };
    },
  };
}
