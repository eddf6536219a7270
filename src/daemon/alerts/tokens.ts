import type { Engine } from '../../engine/engine.ts';
import type { Job, JobDestination } from '../../job/load.ts';
import { openDestination } from '../../run/open.ts';
import { asProblem } from '../../run/problem.ts';
import type { RunContext } from '../../run/run.ts';
import type { Condition } from './condition.ts';
import { spanText } from './freshness.ts';
import type { AlertStore } from './told.ts';

const DAY_MS = 86_400_000;
/** So long before credentials expire somebody hears of it. */
const AHEAD_MS = 7 * DAY_MS;
/** A destination that could not be asked is asked again after this long. */
const AGAIN_MS = DAY_MS / 24;
/** Nobody's alerts wait longer for a destination. */
const PATIENCE_MS = 15_000;

type Look = { settings: string; next: number };

/**
 * Asks every destination whose credentials may expire when they do: once a day, and at once when its settings are
 * others than before. What it said last is in the store, so that nothing is taken for over while it does not answer.
 */
export function openTokens(
  options: { engine: Engine; store: AlertStore; signal: AbortSignal } & Pick<RunContext, 'log'>,
): (job: Job, now: number) => Promise<Condition[]> {
  const looks = new Map<string, Look>();

  async function ask(job: Job, destination: JobDestination): Promise<void> {
    const { signal, log, store } = options;
    const cut = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const connection = await openDestination({ job, cut, log }, destination);
    const expires_at = await connection.expiresAt?.();
    if (expires_at !== undefined) await store.looked(job.name, destination.name, expires_at);
  }

  return async (job, now) => {
    for (const destination of job.destinations) {
      const place = JSON.stringify([job.name, destination.name]);
      const settings = JSON.stringify(destination.settings);
      const before = looks.get(place);
      if (before?.settings === settings && now < before.next) continue;
      looks.set(place, { settings, next: now + DAY_MS });
      try {
        await ask(job, destination);
      } catch (error) {
        options.signal.throwIfAborted();
        looks.set(place, { settings, next: now + AGAIN_MS });
        const { code } = asProblem(error, destination.name);
        options.log('credentials not looked at', { job: job.name, destination: destination.name, code });
      }
    }
    const names = new Set(job.destinations.map(({ name }) => name));
    const expiries = [...(await options.store.expiries(job.name))].filter(([name]) => names.has(name));
    return expiries.flatMap(([name, at]) => expiring(name, at, now));
  };
}

function expiring(destination: string, at: string, now: number): Condition[] {
  const left = Date.parse(at) - now;
  if (left > AHEAD_MS) return [];
  const day = at.slice(0, 10);
  return [
    {
      kind: 'token',
      key: `token:${destination}`,
      what:
        left > 0
          ? `${destination}: the credentials expire on ${day}, in ${spanText(left)}.`
          : `${destination}: the credentials expired on ${day}.`,
      why: 'From then on its audiences are not kept up to date.',
      fix: 'Make new ones there and put them where the job file takes them from; the guide of the destination (connectors/NAME/README.md) says how.',
      since: new Date(Date.parse(at) - AHEAD_MS).toISOString(),
    },
  ];
}
