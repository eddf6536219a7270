import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { Retention } from '../job/retention-settings.ts';
import { isClaimed } from '../run/claim.ts';
import { pastOf, type PastRuns } from '../run/scheduled-runs.ts';
import { asProblem } from '../run/problem.ts';
import type { Progress } from '../run/progress.ts';
import type { RunReport } from '../run/report.ts';
import type { RunOptions } from '../run/run.ts';
import { tidy } from '../run/tidy.ts';
import { alarm } from './alarm.ts';
import type { Alerts } from './alerts/alerts.ts';
import type { Missed } from './alerts/condition.ts';
import { closeKilled } from './close-killed.ts';
import { dueOf, overdueSince, seenUpTo } from './due.ts';
import type { JobFolder } from './job-folder.ts';
import { progressBook } from './progress-book.ts';
import { dueTimes, nextRuns } from './schedule.ts';
import { runScheduled } from './scheduled-run.ts';
import { upkeep } from './upkeep.ts';

export type Daemon = {
  /** ISO times in UTC by job. */
  next(): Record<string, string | null>;
  /** Of every job with a schedule. */
  outlook(): Map<string, Outlook>;
  /** What keeps it from being in order, as sentences. */
  troubles(): string[];
  /** How far the run of each job has come that goes on in this process, one entry for each of its parts. */
  progress(job: string): readonly Progress[];
  /**
   * Begins other work on a job as if it were one of its runs: none of this process begins meanwhile, and `stop` waits
   * for it.
   * @param work must not throw; it hears of the wish to stop, and tells how far it has come
   * @returns false where the job runs already, or the daemon stops
   */
  take(job: string, work: (signal: AbortSignal, progress: Follow) => Promise<void>): boolean;
  /** Takes no more work, lets every run finish its batch in flight, and returns when all have ended. */
  stop(): Promise<void>;
};

type Follow = (progress: Progress) => void;

export type Outlook = {
  /** Milliseconds since 1970; undefined where the schedule names no time. */
  next: number | undefined;
  running: boolean;
  /** Whether a time of it passed without a run. */
  overdue: boolean;
};

export type DaemonOptions = Pick<RunOptions, 'state' | 'log'> & {
  engine: Engine;
  folder: JobFolder;
  /** So many jobs run at a time. */
  parallel: number;
  alerts: Alerts;
  retention: Retention;
  /** Hears of every run that ended, however it did, and how many seconds it took; it must not throw. */
  ended(report: RunReport, seconds: number): void;
};

/** Job files are read again, and the clock, which may have been put on or back, is looked at, at least this often. */
const LOOK_MS = 5000;
/** What could not even begin is tried again after this. */
const AGAIN_MS = 60_000;

/** The times that a job is still to run for, the oldest first; `behind_another`: while another process has the job. */
type Waiting = { times: number[]; not_before: number; behind_another?: boolean };

/**
 * Runs every job at its time, in its own time zone. A job never overlaps itself: a time that comes while it still runs
 * is passed over. What is due is decided anew at every look, from the schedule, the clock and what the store says.
 */
export function startDaemon(options: DaemonOptions): Daemon {
  const { engine, folder, state, retention, log } = options;
  const stop = new AbortController();
  const seen = new Map<string, number>();
  const waiting = new Map<string, Waiting>();
  const running = new Map<string, Promise<void>>();
  const book = progressBook();
  let past = new Map<string, PastRuns>();
  /** The jobs that ran when `past` was read, so that it does not know of their ends yet. */
  let ran = new Set<string>();
  let trouble: string | undefined;
  const bell = alarm();
  let news = true;
  const beside = upkeep({
    alerts: () => {
      const busy = new Set([...running.keys(), ...waiting.keys()]);
      return options.alerts.look(folder.jobs(), { broken: folder.broken(), missed: missedOf(), busy });
    },
    tidy: async () => {
      try {
        await tidy(engine, retention, { state, log, signal: stop.signal, now: Date.now() });
      } catch (error) {
        log('the store could not be tidied', asProblem(error, 'the store'));
      }
    },
  });

  const scheduled = () => folder.jobs().filter(({ schedule }) => schedule);

  async function look(): Promise<void> {
    await folder.look();
    const jobs = scheduled();
    for (const name of waiting.keys()) if (!jobs.some((job) => job.name === name)) waiting.delete(name);
    ran = new Set(running.keys());
    past = await pastOf(
      engine,
      jobs.map(({ name }) => name),
    );
    for (const job of jobs) await decide(job, past.get(job.name)!);
    begin(jobs);
    beside.look({ now: Date.now(), idle: running.size + waiting.size === 0, news });
    news = false;
  }

  /** The times that passed without a run, by job. A run that goes on makes up for one, if late. */
  function missedOf(): Map<string, Missed> {
    const now = Date.now();
    const idle = scheduled().filter(({ name }) => !running.has(name) && !ran.has(name));
    const why = 'No run of it has ended since, and none goes on; the log of the daemon says more.';
    return new Map(
      idle.flatMap((job) => {
        const since = overdueSince(job, past.get(job.name) ?? {}, now);
        return since === undefined ? [] : [[job.name, { due: iso(since), why }] as const];
      }),
    );
  }

  async function decide(job: Job, known: PastRuns): Promise<void> {
    const { name } = job;
    const now = Date.now();
    const upTo = seenUpTo(seen.get(name), known, now);
    if (running.has(name) || waiting.has(name)) return passOver(job, upTo, now);
    if (!seen.has(name)) await closeKilled(engine, state, name);
    const elsewhere = known.interrupted !== undefined && (await isClaimed(engine, state, name));
    const { run, missed } = dueOf(job, elsewhere ? { handled: known.handled } : known, upTo, now);
    seen.set(name, Math.max(upTo, ...run, ...missed));
    if (missed.length > 0)
      log('times missed', { job: name, times: missed.map(iso), catch_up: job.catch_up, runs: run.length });
    if (run.length > 0) waiting.set(name, { times: run, not_before: 0 });
  }

  /** A job that is busy, or waits for its turn, passes over the times that come meanwhile; not while it makes up for others. */
  function passOver(job: Job, upTo: number, now: number): void {
    const times = [...dueTimes(job, upTo, now)];
    seen.set(job.name, times.at(-1) ?? upTo);
    if (times.length === 0) return;
    const behind = waiting.get(job.name);
    if (behind && job.catch_up === 'all') behind.times.push(...times);
    else log('time passed over: the run before still goes on', { job: job.name, times: times.map(iso) });
  }

  function begin(jobs: readonly Job[]): void {
    for (const [name, { times, not_before, behind_another = false }] of waiting) {
      if (stop.signal.aborted || running.size >= options.parallel) return;
      if (running.has(name) || Date.now() < not_before) continue;
      const [due, ...behind] = times as [number, ...number[]];
      if (behind.length > 0) waiting.set(name, { times: behind, not_before: 0 });
      else waiting.delete(name);
      const job = jobs.find((one) => one.name === name)!;
      const time = { due, behind: behind.length, behind_another };
      const run = { signal: stop.signal, progress: book.write };
      const work = runScheduled(options, job, time, run).then((code) => {
        ended(name);
        const times = [due, ...(waiting.get(name)?.times ?? [])];
        const now = Date.now();
        if (code === 'JOB_RUNNING')
          waiting.set(name, { times, not_before: now + LOOK_MS, behind_another: true });
        else if (code !== undefined && code !== 'JOB_DONE')
          waiting.set(name, { times, not_before: now + AGAIN_MS });
        bell.ring();
      });
      running.set(name, work);
    }
  }

  function ended(name: string): void {
    running.delete(name);
    book.close(name);
    news = true;
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await look();
        trouble = undefined;
      } catch (error) {
        const problem = asProblem(error, 'the daemon');
        if (trouble !== problem.what) log('the daemon cannot look what is due', problem);
        trouble = problem.what;
      }
      await bell.sleep(untilNext(scheduled()));
    }
  }

  const looping = loop();
  return {
    next: () => Object.fromEntries(scheduled().map((job) => [job.name, nextRuns(job, 1)[0] ?? null])),
    outlook: () => {
      const missed = missedOf();
      return new Map(
        scheduled().map((job) => {
          const { name } = job;
          const [next] = nextRuns(job, 1).map((time) => Date.parse(time));
          return [name, { next, running: running.has(name), overdue: missed.has(name) }] as const;
        }),
      );
    },
    troubles: () => [
      ...(trouble ? [trouble] : []),
      ...folder.broken().map(({ file }) => `${file} cannot be used; \`segment-sync check\` says why.`),
      ...[...missedOf()].map(([job, { due, why }]) => `The job ${job} was due at ${due}. ${why}`),
    ],
    progress: book.read,
    take: (name, work) => {
      if (stop.signal.aborted || running.has(name)) return false;
      const done = work(stop.signal, book.write).finally(() => {
        ended(name);
        bell.ring();
      });
      running.set(name, done);
      return true;
    },
    stop: async () => {
      stop.abort();
      bell.ring();
      await looping;
      await Promise.all(running.values());
      await beside.end();
    },
  };
}

function untilNext(jobs: readonly Job[]): number {
  const now = Date.now();
  const times = jobs.flatMap((job) => dueTimes(job, now, now + LOOK_MS).next().value ?? []);
  return Math.min(now + LOOK_MS, ...times) - now;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
