import { defineConfig } from 'vitest/config';

/** What is tried on a server, too: a job's life, killed runs, and the stages that do more than ask. */
const ON_A_SERVER = [
  'test/end-to-end/{audience-life,guard,kill}.test.ts',
  'test/commands/plan-and-status.test.ts',
  'test/ledger/ledger.test.ts',
  'test/run/{backfill,erase,pull,push,tidy}.test.ts',
];
/** What is tried on a cluster of two shards: who is who, what is told of members, and audiences to their end. */
const ON_A_CLUSTER = [
  'test/end-to-end/audience-life.test.ts',
  'test/ledger/ledger.test.ts',
  'test/run/{people,pull}.test.ts',
];
/** Where CLICKHOUSE_CLUSTER names one of real servers, much of its SQL besides. */
const ON_ANOTHER_CLUSTER = [
  'test/models/{lifecycle,value-engagement}.test.ts',
  'test/models/custom/conditions.test.ts',
  'test/run/{erase,histories,plan,tidy,widen}.test.ts',
];
/** Where CLICKHOUSE_URL names one that is not the engine process behind a door, much of its SQL besides. */
const ON_ANOTHER_SERVER = [
  'test/models/{lifecycle,value-engagement}.test.ts',
  'test/models/custom/conditions.test.ts',
  'test/run/{backtest,explain*,guard,histories,holdout,people,plan}.test.ts',
];

/** Tests whose store is elsewhere than in the engine process. */
function onStore(name: string, include: string[], testTimeout: number) {
  return { extends: true as const, test: { name, include, env: { TEST_STORE: name }, testTimeout } };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'engine process', include: ['test/**/*.test.ts'] } },
      onStore('server', [...ON_A_SERVER, ...(process.env.CLICKHOUSE_URL ? ON_ANOTHER_SERVER : [])], 180_000),
      onStore(
        'cluster',
        [...ON_A_CLUSTER, ...(process.env.CLICKHOUSE_CLUSTER ? ON_ANOTHER_CLUSTER : [])],
        300_000,
      ),
    ],
  },
});
