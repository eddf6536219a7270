import { ALERT_KINDS, type AlertChannel } from '../../job/alert-settings.ts';
import type { Job } from '../../job/load.ts';
import type { Settings } from '../../job/settings.ts';
import { claimIfFree } from '../../run/claim.ts';
import { asProblem } from '../../run/problem.ts';
import type { RunContext } from '../../run/run.ts';
import { jobOf, type BrokenFile } from '../job-folder.ts';
import { brokenFile, type Condition, type Missed } from './condition.ts';
import { conditionsOf } from './conditions.ts';
import { due, type Listener, type News } from './due.ts';
import { openPast } from './past.ts';
import { sendNews, type Sender } from './send.ts';
import { alertStore, channelId, type ChannelHealth } from './told.ts';
import { openTokens } from './tokens.ts';

/** What the store does not know. */
export type AlertFacts = {
  /** By the name of the job. */
  missed?: ReadonlyMap<string, Missed>;
  /** The jobs of which a run goes on, or is about to. */
  busy?: ReadonlySet<string>;
  broken?: readonly BrokenFile[];
};

export type Alerts = {
  /**
   * Looks at every job and tells its channels what is new; looks that overlap go one after the other. Never throws:
   * what goes wrong is logged, and the next look makes up for it.
   * @param jobs every job whose file can be used
   */
  look(jobs: readonly Job[], facts?: AlertFacts): Promise<void>;
};

export type AlertOptions = Pick<RunContext, 'engine' | 'log'> & {
  /** Directory of the store. */
  state: string;
  settings: Pick<Settings, 'alerts'>;
  /** Values that must never leave, as they are by then. */
  secrets: ReadonlySet<string>;
  /** Aborted when the daemon stops: what is being sent is given up, and sent again by the next daemon. */
  signal: AbortSignal;
  /** First wait before a message is sent again, in milliseconds. */
  backoff_ms?: number;
  /** Milliseconds since 1970. */
  now?(): number;
};

/** Mirrors what is wrong with jobs into the alert channels: told once, reminded of, and told to be over. */
export function openAlerts(options: AlertOptions): Alerts {
  const { engine, state, settings, signal, log, now = Date.now } = options;
  const store = alertStore(engine, now);
  const sender: Sender = { backoff_ms: 500, ...options };
  const past = openPast(engine);
  const tokens = openTokens({ engine, store, signal, log });

  async function guarded(where: string, work: () => Promise<void>): Promise<void> {
    try {
      if (!signal.aborted) await work();
    } catch (error) {
      if (!signal.aborted) log('alerts not looked after', { ...asProblem(error, where) });
    }
  }

  /** Of daemons that share a server one looks at a time; the others pass over it, since it sees what they would. */
  async function alone(work: () => Promise<void>): Promise<void> {
    if (!engine.server) return work();
    const claim = await claimIfFree(engine, state, CLAIM);
    if (!claim) return;
    try {
      await work();
    } finally {
      await claim.release();
    }
  }

  async function lookAt(jobs: readonly Job[], facts: AlertFacts): Promise<void> {
    const broken = Map.groupBy(facts.broken ?? [], jobOf);
    const brokenOf = (job: string) => (broken.get(job) ?? []).map((one) => brokenFile(one, now()));
    for (const job of jobs) {
      const channels = job.alerts ?? settings.alerts;
      if (channels.length === 0) continue;
      await guarded(`job ${job.name}`, async () => {
        const missed = facts.missed?.get(job.name);
        const again = facts.busy?.has(job.name);
        const conditions = await conditionsOf(engine, job, now(), { missed, again, past });
        conditions.push(...brokenOf(job.name), ...(await tokens(job, now())));
        await mirror(job.name, channels, conditions);
      });
    }
    const usable = new Set(jobs.map(({ name }) => name));
    await guarded('job files', async () => {
      const told = await store.jobsTold('broken');
      // A file without a usable job has the channels of the settings, and they hear of it when it is in order again.
      const rest = [...new Set([...broken.keys(), ...told])].filter(
        (job) => !usable.has(job) || !broken.has(job),
      );
      for (const job of rest) {
        await guarded(`job ${job}`, () => mirror(job, settings.alerts, brokenOf(job), UNUSABLE));
      }
    });
  }

  /**
   * Tells the channels what is new. One that fails meanwhile is told to the others at once.
   * @param known the kinds that `conditions` is all of; nothing else is taken for over
   */
  async function mirror(
    job: string,
    channels: readonly AlertChannel[],
    conditions: readonly Condition[],
    known: readonly string[] = ALERT_KINDS,
  ): Promise<void> {
    const byId = new Map(channels.map((channel) => [channelId(channel), channel]));
    for (let round = 1; round <= 2 && byId.size > 0; round += 1) {
      const [told, health] = await Promise.all([store.open(job), store.failing()]);
      const listeners = [...byId].map(([id, channel]) => listenerOf(job, id, channel, health.get(id)));
      const down = [...byId].flatMap(([id, { name }]) => channelDown(job, { id, name }, health.get(id)));
      const mine = told.filter(({ kind }) => known.includes(kind));
      const messages = due([...conditions, ...down], mine, listeners, now());
      const sending = messages.map(({ channel, news }) => deliver(job, byId.get(channel)!, news));
      // None may still be sending once the next look begins.
      await Promise.allSettled(sending);
      if ((await Promise.all(sending)).every(Boolean)) return;
    }
  }

  /** @returns whether all of it was taken */
  async function deliver(job: string, channel: AlertChannel, news: readonly News[]): Promise<boolean> {
    const id = channelId(channel);
    const problem = await sendNews(channel, job, news, sender, (some) => store.told(job, id, some));
    if (!problem) return true;
    log('alert not sent', { job, channel: channel.name, ...problem });
    await store.failed(job, id, problem);
    return false;
  }

  let turn = Promise.resolve();
  return {
    look: (jobs, facts = {}) =>
      (turn = turn.then(() => guarded('alerts', () => alone(() => lookAt(jobs, facts))))),
  };
}

/** No job can be called so. */
const CLAIM = ':alerts';

/** What is known of a job whose file cannot be used. */
const UNUSABLE = ['broken', 'channel'];

function listenerOf(
  job: string,
  id: string,
  { on, remind }: AlertChannel,
  health: ChannelHealth | undefined,
): Listener {
  const failing = health && { ...health, owed: health.jobs.includes(job) };
  return { id, on: new Set(on), remind_ms: remind, failing };
}

/** Whoever's message did not get through hears of it. */
function channelDown(
  job: string,
  { id, name }: { id: string; name: string },
  health: ChannelHealth | undefined,
): Condition[] {
  if (!health?.jobs.includes(job)) return [];
  const { what, why, fix } = health.problem;
  return [
    {
      kind: 'channel',
      key: `channel:${id}`,
      channel: id,
      what: `Alerts cannot be sent through the channel ${name}.`,
      why: [what, why].filter(Boolean).join(' '),
      fix,
      since: health.since,
    },
  ];
}
