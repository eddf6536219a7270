import { deepStrictEqual } from 'node:assert';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import { planDestination } from '../../src/run/diff.ts';
import { newRun } from '../../src/run/new-run.ts';
import { accountOf, type PlannedAudience } from '../../src/run/plan.ts';
import { ownerPid } from '../engine/state-dir.ts';
import { type Figure, seconds } from './figure.ts';
import { forgetPeak, peakOf } from './memory.ts';
import { destinationText } from './moves.ts';

/** One in a hundred is of another segment than the ledger has them in. */
const MOVED = 100;
const SEGMENTS = ['top', 'active', 'at_risk', 'lost'].map((segment) => `lifecycle.${segment}`);

/**
 * So many members in four audiences compared with the ledger: nothing changed, one in a hundred moved, and all are new,
 * against the bare grouping of the ledger's facts by member, which is the least anybody must do who keeps facts.
 */
export async function diffFigures(folder: string, members: number): Promise<Figure[]> {
  const state = join(folder, 'diff');
  const engine = await openEngine({ state, idle_seconds: 1 });
  try {
    await createTables(engine);
    await fillStore(engine, members);
    const pid = ownerPid(state)!;
    const bare = Math.min(await seconds(() => engine.query(BARE)), await seconds(() => engine.query(BARE)));
    forgetPeak(pid);
    const size = `${members.toLocaleString('en')} members`;
    const figure = (what: string, took: number): Figure => ({
      work: `plan of ${size} in four audiences, ${what}`,
      measured: `${took.toFixed(2)} s, engine ${Math.round(peakOf(pid))} MB at most`,
      against: `bare GROUP BY of the ledger ${bare.toFixed(2)} s`,
      ratio: took / bare,
    });
    const expected = Math.ceil(members / MOVED);
    return [
      figure('unchanged', await compare(engine, 'same', { add: 0, remove: 0 })),
      figure('1 % moved', await compare(engine, 'moved', { add: expected, remove: expected })),
      figure('all new', await compare(engine, 'same', { add: members, remove: 0 }, true)),
    ];
  } finally {
    await engine.close();
  }
}

const JOB = parseJob(
  `
name: diff
currency: EUR
sources: [{ type: csv, path: none.csv, columns: { order_id: id, email: mail, ordered_at: date, total: amount } }]
destinations: [${destinationText('klaviyo', 'http://127.0.0.1:9', 'lifecycle.*')}]
`,
  { file: 'diff.yaml', env: {} },
);
const KLAVIYO = JOB.destinations[0]!;

const BARE = `SELECT count() FROM (SELECT remote_id, member, max(seq) FROM ledger GROUP BY remote_id, member)`;

/** Plans a run whose rows are made already. @returns seconds */
async function compare(
  engine: Engine,
  run_id: string,
  wanted: { add: number; remove: number },
  anew = false,
): Promise<number> {
  const { signal } = new AbortController();
  const run = await newRun(engine, JOB, { as_of: '2026-11-15', log: () => undefined, signal, cut: signal });
  const audiences = KLAVIYO.audiences.map((audience, index): PlannedAudience => ({
    ...audience,
    index,
    remote_id: anew ? undefined : audience.segment,
  }));
  let plans: Awaited<ReturnType<typeof planDestination>> = [];
  const took = await seconds(async () => {
    plans = await planDestination({ ...run, run_id }, KLAVIYO, audiences);
  });
  const sum = (of: 'to_add' | 'to_remove') => plans.reduce((total, plan) => total + plan[of], 0);
  deepStrictEqual({ add: sum('to_add'), remove: sum('to_remove') }, wanted);
  for (const table of ['plan_keys', 'plan_members'])
    await engine.command(`ALTER TABLE ${table} DROP PARTITION ('${JOB.name}', '${run_id}')`);
  return took;
}

/** Profiles and assignments of two runs, and a ledger that says what the first of them wants. */
async function fillStore(engine: Engine, members: number): Promise<void> {
  const params = { ...accountOf(JOB.name, KLAVIYO), members, segments: SEGMENTS };
  const customer = `concat('email:shopper', toString(number), '@example.com') AS customer`;
  const segment = `(sipHash64(number) % 4 + 1)`;
  const numbers = 'FROM numbers({members:UInt32})';
  for (const [run, at] of [
    ['same', segment],
    ['moved', `if(number % ${MOVED} = 0, ${segment} % 4 + 1, ${segment})`],
  ] as const) {
    await engine.command(
      `INSERT INTO profiles (job, run_id, customer, email, first_name, last_name, city, zip, country, email_consent)
       SELECT {job:String}, '${run}', ${customer}, substring(customer, 7), concat('First', toString(number % 5000)),
         concat('Last', toString(number % 70000)), concat('City', toString(number % 900)), toString(number % 99999), 'RO', 'yes'
       ${numbers}`,
      params,
    );
    await engine.command(
      `INSERT INTO assignments (job, run_id, as_of, customer, segments)
       SELECT {job:String}, '${run}', '2026-11-15', ${customer},
         [{segments:Array(String)}[${at}], 'engagement.high', 'value_tier.high'] ${numbers}`,
      params,
    );
  }
  await engine.command(
    `INSERT INTO ledger (job, destination, account, remote_id, member, op, result, run_id, seq)
     SELECT {job:String}, {destination:String}, {account:String}, {segments:Array(String)}[${segment}], ${customer}, 'add',
       'done', 'first', 1790000000000 + intDiv(number, 10000) ${numbers}`,
    params,
  );
}
