import type { Condition } from './condition.ts';

/** A channel as far as it matters for what it is told. */
export type Listener = {
  id: string;
  on: ReadonlySet<string>;
  remind_ms: number;
  /** It took nothing at its last attempts. */
  failing?: Failing;
};

export type Failing = {
  /** Attempts in a row. */
  attempts: number;
  /** ISO times of the first and the last of them. */
  since: string;
  last: string;
  /** Whether something of this job did not get through. */
  owed: boolean;
};

/** That a channel took a message on a condition, and none yet that it is over. */
export type Telling = Pick<Condition, 'kind' | 'key' | 'what' | 'since' | 'run_id'> & {
  channel: string;
  /** ISO time of the last one. */
  at: string;
};

/** One thing to tell of a job. */
export type News = { state: 'open' | 'recovered'; condition: Condition };

/** What one channel is to be told of a job now. */
export type Message = { channel: string; news: News[] };

const MINUTE_MS = 60_000;
const LONGEST_REST_MS = 60 * MINUTE_MS;

/**
 * What is to be told: a condition to every channel that wants it, once; again when it still holds after the channel's
 * `remind`; and that it is over, once, to every channel that was told. A channel that fails is left alone for a while
 * that doubles up to an hour; then it is told what there is, or that it works again.
 * @param told what channels took and is not over for them
 * @param now milliseconds since 1970
 */
export function due(
  conditions: readonly Condition[],
  told: readonly Telling[],
  channels: readonly Listener[],
  now: number,
): Message[] {
  const open = new Set(conditions.map(({ key }) => key));
  return channels.flatMap((channel): Message[] => {
    if (rests(channel, now)) return [];
    const mine = new Map(told.filter((one) => one.channel === channel.id).map((one) => [one.key, one]));
    const wanted = conditions.filter((one) => channel.on.has(one.kind) && one.channel !== channel.id);
    const news: News[] = [
      ...wanted.flatMap((condition) => openNews(condition, mine.get(condition.key), channel, now)),
      ...[...mine.values()].filter(({ key }) => !open.has(key)).map(recovered),
    ];
    if (news.length === 0 && channel.failing?.owed) news.push(worksAgain(channel.id, channel.failing));
    return news.length > 0 ? [{ channel: channel.id, news }] : [];
  });
}

/** A reminder says since when, as it was first told. */
function openNews(condition: Condition, before: Telling | undefined, channel: Listener, now: number): News[] {
  if (condition.waits) return [];
  if (!before) return [{ state: 'open', condition }];
  if (condition.once || elapsed(before.at, now) < channel.remind_ms) return [];
  return [{ state: 'open', condition: { ...condition, since: before.since } }];
}

function recovered({ kind, key, what, since, run_id }: Telling): News {
  return { state: 'recovered', condition: { kind, key, what, since, run_id } };
}

function worksAgain(id: string, { since }: Failing): News {
  const what = 'Alerts could not be sent through this channel.';
  return { state: 'recovered', condition: { kind: 'channel', key: `channel:${id}`, what, since } };
}

function rests({ failing }: Listener, now: number): boolean {
  if (!failing) return false;
  return elapsed(failing.last, now) < Math.min(LONGEST_REST_MS, MINUTE_MS * 2 ** (failing.attempts - 1));
}

/** Either way, so that a clock which was put back far does not silence anything for as long. */
function elapsed(since: string, now: number): number {
  return Math.abs(now - Date.parse(since));
}
