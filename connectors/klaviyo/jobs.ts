import { pause } from '../clock.ts';
import type { DestinationContext } from '../destination.ts';
import type { Api } from './api.ts';
import type { Call } from './explain.ts';
import { ImportJob, ImportJobs, type Job } from './replies.ts';

/** Waits between looks grow by half, up to this many first waits: 10 s for the usual 500 ms. */
const LONGEST_WAIT = 20;
/** A job that takes longer has its members left to the next run. */
const LONGEST_JOB_MS = 30 * 60_000;
/** The most jobs Klaviyo lists in a page. */
const PAGE = 100;
const CALL = { what: 'tell how an import stands', scopes: ['lists:read', 'profiles:read'] };

export type End = { status: 'complete' | 'cancelled'; failed: number };
export type Jobs = ReturnType<typeof watchJobs>;

type Watched = { since: number; where: string; tell(end: End | undefined): void; fail(error: unknown): void };

/**
 * Watches import jobs until they end. However many there are, one look tells of all of them: looks at single jobs
 * would use their quota up before the quota of imports is.
 */
export function watchJobs(api: Api, context: DestinationContext) {
  const { clock } = api.limiter;
  const watched = new Map<string, Watched>();
  let wait = context.backoff_ms;
  let watching = false;

  /** The job's end, or undefined if it did not come within half an hour. */
  function ended(job: string, where: string): Promise<End | undefined> {
    wait = context.backoff_ms;
    return new Promise((tell, fail) => {
      watched.set(job, { since: clock.now(), where, tell, fail });
      if (!watching) void watch();
    });
  }

  async function watch(): Promise<void> {
    watching = true;
    try {
      while (watched.size > 0) {
        await pause(clock, wait, context.signal);
        wait = Math.min(wait * 1.5, context.backoff_ms * LONGEST_WAIT);
        await look();
        giveUpOld();
      }
    } catch (error) {
      for (const { fail } of watched.values()) fail(error);
      watched.clear();
    }
    watching = false;
  }

  async function look(): Promise<void> {
    const all = watched.size > 1 ? await newest() : [];
    const listed = new Map(all.map((job) => [job.id, job]));
    for (const [id, { where, tell }] of watched) {
      const { status, failed_count } = (listed.get(id) ?? (await one(id, where))).attributes;
      if (status !== 'complete' && status !== 'cancelled') continue;
      watched.delete(id);
      wait = context.backoff_ms;
      tell({ status, failed: failed_count ?? 0 });
    }
  }

  function giveUpOld(): void {
    for (const [id, { since, tell }] of watched) {
      if (clock.now() - since < LONGEST_JOB_MS) continue;
      watched.delete(id);
      tell(undefined);
    }
  }

  async function newest(): Promise<Job[]> {
    const call: Call = { ...CALL, where: 'klaviyo' };
    const query = { pageSize: PAGE, sort: '-created_at' as const };
    const { value } = await api.ask(
      call,
      ImportJobs,
      async () => (await api.profiles.getBulkImportProfilesJobs(query)).response.data,
    );
    return value.data;
  }

  async function one(id: string, where: string): Promise<Job> {
    const { value } = await api.ask(
      { ...CALL, where },
      ImportJob,
      async () => (await api.profiles.getBulkImportProfilesJob(id)).response.data,
    );
    return value.data;
  }

  return { ended };
}
