import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEngine } from '../../src/engine/engine.ts';
import { end, ownerPid } from '../engine/state-dir.ts';
import type { Measured } from './clv-process.ts';
import { cohort, type Customer, different, repeated } from './cohort.ts';
import { type Figure, median } from './figure.ts';

/**
 * What Python lifetimes takes for a million customers: BG/NBD and Gamma-Gamma fit; P(alive), purchases in 39 weeks,
 * order value and CLV of 12 months. Medians of three processes on a virtual machine of two cores. Reading the data and
 * loading the libraries is not in its seconds, but in its memory (MB).
 */
const PEER = {
  repeated: { fit: 12.97 + 2.4, score: 0.11 + 0.69 + 0.02 + 10.18, memory: 518 },
  different: { fit: 13.91 + 3.54, score: 0.15 + 0.85 + 0.02 + 11.4, memory: 529 },
};

const MILLION = 1_000_000;
const COHORT = 23_570;
const PROCESSES = 3;

/** What the names in the figures below stand for. */
export const CLV_NOTES = `CLV of a million customers: read from the store, fitted, scored and stored, each time by a new process and a new engine
process of its own, of which the middle of ${PROCESSES} is told. Their memory is the most that each ever held, from its start on; both
together count twice what they share.
- repeated: a cohort of ${COHORT.toLocaleString('en')} like CDNOW's (simulated, whole days and cents), over and over
- different: no two customers are alike, the hardest case for a fit on groups
Lifetimes is Python's, on one core; the engine uses all there are.`;

/** @param folder where the stores of the customers may be */
export async function clvFigures(folder: string): Promise<Figure[]> {
  const state = join(folder, 'clv');
  const like = cohort(COHORT);
  await store(state, {
    repeated: repeated(like, MILLION),
    tenth: repeated(like, MILLION / 10),
    different: different(MILLION),
  });
  const cases = {
    repeated: await measure(state, 'repeated'),
    different: await measure(state, 'different'),
  };
  const tenth = await measure(state, 'tenth');
  return [
    ...(['repeated', 'different'] as const).flatMap((name) => figures(name, cases[name], PEER[name])),
    ...growth(tenth, cases.repeated),
  ];
}

/** Fills a table for each case, and leaves no engine process behind. */
async function store(state: string, tables: Record<string, Iterable<Customer>>): Promise<void> {
  const engine = await openEngine({ state, idle_seconds: 1 });
  for (const [table, customers] of Object.entries(tables)) {
    await engine.command(
      `CREATE TABLE ${table} (customer UInt32, x UInt32, t_x Float64, T Float64, mean Float64)
       ENGINE = MergeTree ORDER BY customer`,
    );
    await engine.insert(table, customers);
  }
  await engine.close();
  await endEngine(state);
}

async function measure(state: string, table: string): Promise<Measured> {
  const all: Measured[] = [];
  for (let round = 0; round < PROCESSES; round++) {
    const script = join(import.meta.dirname, 'clv-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, state, table]);
    all.push(JSON.parse(stdout) as Measured);
    await endEngine(state);
  }
  const names = Object.keys(all[0]!) as (keyof Measured)[];
  const middle = names.map((name) => [name, median(all.map((measured) => measured[name]))]);
  return Object.fromEntries(middle) as Measured;
}

async function endEngine(state: string): Promise<void> {
  const pid = ownerPid(state);
  if (pid !== undefined) await end(pid, 'SIGTERM');
}

function figures(name: string, measured: Measured, peer: (typeof PEER)['repeated']): Figure[] {
  const { read, fit, score, own_peak, engine_peak } = measured;
  const time = (work: string, took: number, peer: number, note = '') => ({
    work: `CLV, ${name}: ${work}`,
    measured: `${took.toFixed(2)} s${note}`,
    against: `lifetimes ${peer.toFixed(1)} s`,
    ratio: took / peer,
  });
  const all = peer.fit + peer.score;
  const total = read + fit + score;
  const memory = own_peak + engine_peak;
  return [
    time(`read ${measured.histories.toLocaleString('en')} histories and fit`, read + fit, peer.fit),
    time('score and store', score, peer.score),
    time('in all', total, all, `, ${(all / total).toFixed(1)} times faster`),
    {
      work: `CLV, ${name}: peak memory`,
      measured: `${memory.toFixed(0)} MB: ${own_peak.toFixed(0)} and the engine's ${engine_peak.toFixed(0)}`,
      against: `lifetimes ${peer.memory} MB`,
      ratio: memory / peer.memory,
    },
  ];
}

/** The fit sees groups alone, so that ten times the customers must not take more of it. */
function growth(tenth: Measured, whole: Measured): Figure[] {
  const count = (number: number) => number.toLocaleString('en');
  return [
    {
      work: 'groups of 1,000,000 repeated customers',
      measured: `${count(whole.histories)} of histories, ${count(whole.values)} of values`,
      against: `of 100,000: ${count(tenth.histories)} and ${count(tenth.values)}`,
      ratio: (whole.histories + whole.values) / (tenth.histories + tenth.values),
    },
    {
      work: 'memory that their fit adds to a process',
      measured: `${whole.fit_growth.toFixed(1)} MB`,
      against: `of 100,000: ${tenth.fit_growth.toFixed(1)} MB`,
      ratio: whole.fit_growth / tenth.fit_growth,
    },
  ];
}
