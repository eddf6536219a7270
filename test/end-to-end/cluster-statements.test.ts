import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closing } from '../../src/engine/each-shard.ts';
import { SHARD_KEYS } from '../../src/engine/shards.ts';
import type { Asked } from '../engine/door.ts';
import { openServerStore, type ServerStore } from '../engine/places.ts';
import { CLUSTER } from '../engine/two-shards.ts';
import { live, parsed, type Tree } from './life.ts';

const REPLICATED = String.raw`ENGINE = Replicated(Replacing)?MergeTree\('/clickhouse/tables/\{shard\}/\{database\}/\{table\}', '\{replica\}'`;
/** What changes tables reaches the part of every shard, or the way to all of them. */
const DEFINITIONS: Record<string, RegExp[]> = {
  CreateQuery: [
    new RegExp(
      String.raw`^CREATE TABLE (IF NOT EXISTS )?\w+_shard ON CLUSTER ${CLUSTER} \([^]*\) ${REPLICATED}`,
    ),
    new RegExp(
      String.raw`^CREATE TABLE (IF NOT EXISTS )?(\w+) ON CLUSTER ${CLUSTER} AS \2_shard ENGINE = Distributed\('${CLUSTER}', '\w+', '\2_shard', .+\)$`,
    ),
  ],
  DropQuery: [new RegExp(String.raw`^DROP TABLE IF EXISTS \w+ ON CLUSTER ${CLUSTER} SYNC$`)],
  TruncateQuery: [new RegExp(String.raw`^TRUNCATE TABLE \w+_shard ON CLUSTER ${CLUSTER} SYNC$`)],
  AlterQuery: [
    new RegExp(String.raw`^ALTER TABLE \w+_shard ON CLUSTER ${CLUSTER} (DELETE WHERE|DROP PARTITION) `),
  ],
};

/** Of ClickHouse's own tables, those that tell the same on every server; of the others one replica of each shard is asked. */
const SAME_EVERYWHERE = ['system.clusters', 'system.columns', 'system.metrics', 'system.tables'];

/** Without these a statement would see a part, or store what the next one does not see. */
const SET = {
  distributed_product_mode: 'global',
  distributed_foreground_insert: '1',
  parallel_distributed_insert_select: '0',
  skip_unavailable_shards: '0',
  insert_quorum: 'auto',
  prefer_localhost_replica: '0',
  load_balancing: 'in_order',
  fallback_to_stale_replicas_for_distributed_queries: '0',
};

/** By which columns rows meet: in a join, in a group, and where some are looked for among others. */
const MEETING = [
  / USING (?:\(([\w, ]+)\)|(\w+))/g,
  / GROUP BY ([\w, ]+?)(?=\)|$| HAVING | ORDER BY | SETTINGS | UNION )/g,
  /(?:\(([\w, ]+)\)|\b(\w+)) (?:NOT )?IN \(SELECT /g,
];

/** What a statement asks each shard. */
function askedOfEach(sql: string): string[] {
  const parts = sql.split(`cluster('${CLUSTER}', view`).slice(1);
  return parts.map((part) => part.slice(1, closing(part, 0)).replaceAll(/\s+/g, ' ').trim());
}

describe('every statement of a whole life of a shop on a cluster', { timeout: 180_000 }, () => {
  let store: ServerStore;
  let asked: readonly Asked[];
  let trees: Map<string, Tree>;
  let closed: (() => Promise<void>) | undefined;
  const definitions = () => [...trees].filter(([, { kind }]) => kind in DEFINITIONS);

  beforeAll(async () => {
    store = await openServerStore({ shards: true });
    asked = await live(store, (close) => (closed = close));
    trees = await parsed(store, asked);
  }, 1_800_000);
  afterAll(() => closed?.());

  test('that changes tables does so on all servers, each with its part', () => {
    const kinds = definitions().map(([, { kind }]) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['AlterQuery', 'CreateQuery', 'DropQuery']));
    for (const [sql, { kind }] of definitions())
      expect(
        DEFINITIONS[kind]!.some((form) => form.test(sql)),
        sql,
      ).toBe(true);
  });

  test('that reads or writes goes by the way to all shards, or puts a question to each of them', () => {
    for (const [sql, { kind, tables }] of trees) {
      if (!(kind in DEFINITIONS) && /\w_shard\b/.test(sql))
        expect(sql).toContain(`cluster('${CLUSTER}', view(`);
      const others = tables.filter((table) => table.startsWith('system.'));
      for (const name of others.filter((table) => !SAME_EVERYWHERE.includes(table)))
        expect(sql).toContain(`cluster('${CLUSTER}', ${name})`);
    }
  });

  test('that puts a question to each shard joins, groups and looks up there only by what the rows are divided by', () => {
    const questions = [...trees.keys()].flatMap(askedOfEach);
    expect(questions.length).toBeGreaterThan(30);
    for (const question of questions) {
      const tables = [...question.matchAll(/ (?:FROM|JOIN) \w+\.(\w+)_shard\b/g)].map(([, table]) => table!);
      const keys = new Set(tables.flatMap((table) => SHARD_KEYS[table]!.match(/\w+/g)!));
      const met = MEETING.flatMap((form) =>
        [...question.matchAll(form)].map(([, some, one]) => some ?? one!),
      );
      expect(tables, question).not.toEqual([]);
      expect(question.match(/ JOIN /g)?.length, question).toBe(question.match(/ USING /g)?.length);
      for (const columns of met)
        expect(
          columns.split(', ').some((column) => keys.has(column)),
          `${columns} of ${question}`,
        ).toBe(true);
    }
  });

  test('is sent with what makes of the shards one store', () => {
    for (const { sql, settings } of asked) expect(Object.fromEntries(settings), sql).toMatchObject(SET);
  });

  test('that reads two divided tables has what stands right of a join or IN worked out once for all shards', () => {
    const divided = (sql: string) =>
      trees.get(sql)!.tables.filter((table) => table in SHARD_KEYS || table.startsWith('staged_'));
    const several = asked.filter(
      ({ sql }) => trees.get(sql)!.kind !== 'AlterQuery' && divided(sql).length > 1,
    );

    expect(several.length).toBeGreaterThan(50);
    for (const { sql, settings } of several)
      expect(settings.get('distributed_product_mode'), sql).toBe('global');
  });

  test('keeps all versions of a record on one shard', () => {
    const created = definitions().filter(([sql]) => /ReplacingMergeTree/.test(sql));
    expect(created.length).toBeGreaterThan(5);
    for (const [sql] of created) {
      const [, table] = /(\w+)_shard ON CLUSTER/.exec(sql)!;
      const [, order] = /ORDER BY \(([^)]*)\)/.exec(sql)!;
      const [, key] = /^cityHash64\((.*)\)$/.exec(SHARD_KEYS[table!]!)!;
      expect(order!.split(', '), table).toEqual(expect.arrayContaining(key!.split(', ')));
    }
  });

  test('with a token meets a table that knows tokens, however it is replicated', () => {
    const tokens = asked.filter(({ settings }) => settings.has('insert_deduplication_token'));
    expect(tokens.length).toBeGreaterThan(5);
    for (const { sql } of tokens) {
      const [, table] = /^INSERT INTO (\w+)/.exec(sql)!;
      const [definition] = definitions().find(([one]) => one.includes(` ${table}_shard ON CLUSTER`))!;
      expect(definition).toContain(' replicated_deduplication_window = 1000');
    }
  });

  test('by which two processes decide sees what either has stored', () => {
    const leases = asked.filter(({ sql }) => /^(INSERT INTO|SELECT[^]*FROM) leases\b/.test(sql));
    expect(leases.length).toBeGreaterThan(5);
    for (const { settings } of leases)
      expect(Object.fromEntries(settings)).toMatchObject({
        insert_quorum_parallel: '0',
        select_sequential_consistency: '1',
      });
  });

  test('is granted', () => {
    const granted = readFileSync('config/OPERATING.md', 'utf8')
      .match(/^GRANT .*$/gm)!
      .join('\n');
    for (const right of ['CLUSTER ON *.*', 'REMOTE ON *.*', 'SELECT ON system.clusters'])
      expect(granted).toContain(right);
    for (const engine of ['Distributed', 'ReplicatedMergeTree', 'ReplicatedReplacingMergeTree'])
      expect(granted).toContain(`TABLE ENGINE ON ${engine}`);
  });
});
