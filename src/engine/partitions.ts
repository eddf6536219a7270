import { everywhere, onCluster } from './cluster.ts';
import { shardOf } from './definition.ts';
import type { Engine, Params } from './engine.ts';

/** Computed tables are divided by job and run, so that a run's rows go all at once; `offered` by account. */
const PLANNED = ['plan_keys', 'plan_members', 'widened', 'remote_members', 'plan_properties'];

const HISTORIES = ['histories', 'history_nodes'];

const COMPUTED = [
  'identity_links',
  'identity_labels',
  ...HISTORIES,
  'profiles',
  'clv_curves',
  'predictions',
  'favourites',
  'scores',
  'counts',
  'holdouts',
  ...PLANNED,
];

/** Drops the computed rows of every run of a job but those of `keep`; assignments are the job's history. */
export async function dropOldRuns(engine: Engine, job: string, keep: readonly string[]): Promise<void> {
  await dropPartitions(
    engine,
    `startsWith(partition, {job:String}) AND partition NOT IN {runs:Array(String)}`,
    {
      job: partitionOf(job).slice(0, -1),
      runs: keep.map((run_id) => partitionOf(job, run_id)),
    },
  );
}

type OfRun = { job: string; run_id: string };

/** Drops the computed rows of one run. */
export async function dropRun(engine: Engine, run: OfRun): Promise<void> {
  await dropOfRun(engine, run, COMPUTED);
}

/** Drops the plan of a run, which can be made anew. */
export async function dropPlan(engine: Engine, run: OfRun): Promise<void> {
  await dropOfRun(engine, run, PLANNED);
}

/** Drops the histories of a run, which can be made anew. */
export async function dropHistories(engine: Engine, run: OfRun): Promise<void> {
  await dropOfRun(engine, run, HISTORIES);
}

async function dropOfRun(engine: Engine, { job, run_id }: OfRun, tables: readonly string[]): Promise<void> {
  await dropPartitions(engine, 'partition = {run:String}', { run: partitionOf(job, run_id) }, tables);
}

/** Forgets which members of an account were offered: what became of each of them is in the ledger. */
export async function dropOffered(
  engine: Engine,
  account: { job: string; destination: string; account: string },
): Promise<void> {
  const which = 'partition = toString(({job:String}, {destination:String}, {account:String}))';
  await dropPartitions(engine, which, account, ['offered']);
}

/** As the engine writes it; both parts are our own, in letters, digits and dashes. */
function partitionOf(...key: string[]): string {
  return `(${key.map((part) => `'${part}'`).join(',')})`;
}

/** A partition's name takes no bound parameter. */
async function dropPartitions(
  engine: Engine,
  which: string,
  params: Params,
  tables: readonly string[] = COMPUTED,
): Promise<void> {
  const found = await engine.query<{ table: string; partition: string }>(
    `SELECT DISTINCT table, partition FROM ${everywhere(engine, 'system.parts')}
     WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)} AND ${which}`,
    { ...params, tables: engine.cluster ? tables.map(shardOf) : tables },
  );
  const all = onCluster(engine.cluster);
  await Promise.all(
    found.map(({ table, partition }) =>
      engine.command(`ALTER TABLE ${table}${all} DROP PARTITION ${partition}`),
    ),
  );
}
