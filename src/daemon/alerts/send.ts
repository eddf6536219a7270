import pRetry from 'p-retry';
import { SyncError, type Problem } from '../../../connectors/index.ts';
import type { AlertChannel } from '../../job/alert-settings.ts';
import { mask } from '../../job/mask.ts';
import { asProblem } from '../../run/problem.ts';
import type { News } from './due.ts';
import { sendMail } from './email.ts';
import { post } from './post.ts';
import { bodyOf, documentOf, slackText, subjectOf } from './text.ts';

export type Sender = {
  /** Masked in everything that is sent. */
  secrets: ReadonlySet<string>;
  signal: AbortSignal;
  /** First wait before a message is sent again, in milliseconds. */
  backoff_ms: number;
  log(message: string, fields?: Record<string, unknown>): void;
};

const RETRIES = 2;

/**
 * Sends what is new about a job through a channel. People get one message; a program gets one for each piece of news.
 * @param took is called, and waited for, whenever the other side has acknowledged some of it
 * @returns the problem, if the rest could not be sent
 * @throws the signal's reason once that is aborted
 */
export async function sendNews(
  channel: AlertChannel,
  job: string,
  news: readonly News[],
  sender: Sender,
  took: (news: readonly News[]) => Promise<void>,
): Promise<Problem | undefined> {
  const parcels = channel.type === 'webhook' ? news.map((one) => [one]) : [news];
  for (const parcel of parcels) {
    const clean = parcel.map((one) => cleaned(one, sender.secrets));
    try {
      await patiently(sender, () => send(channel, job, clean, sender));
    } catch (error) {
      sender.signal.throwIfAborted();
      return { ...asProblem(error, ''), where: `alerts ${channel.name}` };
    }
    await took(parcel);
  }
  return undefined;
}

async function send(
  channel: AlertChannel,
  job: string,
  news: readonly News[],
  sender: Sender,
): Promise<void> {
  const options = { timeout_ms: channel.timeout * 1000, signal: sender.signal };
  if (channel.type === 'slack') return post(channel.url, { text: slackText(job, news) }, options);
  if (channel.type === 'webhook') {
    const at = new Date().toISOString();
    const { url, headers } = channel;
    for (const one of news) await post(url, documentOf(job, one, at), { ...options, headers });
    return;
  }
  const mail = { subject: `[segment-sync] ${subjectOf(job, news)}`, text: bodyOf(job, news) };
  const { refused } = await sendMail(channel, mail, sender.signal);
  if (refused > 0) sender.log('alert not taken for some recipients', { channel: channel.name, refused });
}

async function patiently(sender: Sender, attempt: () => Promise<void>): Promise<void> {
  await pRetry(attempt, {
    retries: RETRIES,
    minTimeout: sender.backoff_ms,
    randomize: true,
    signal: sender.signal,
    shouldRetry: ({ error }) => error instanceof SyncError && error.retry === 'now',
  });
}

const ADDRESS = /[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+\.[^\s@"'<>(),;:]+/g;

/** Errors name no secret and nobody; what leaves the machine is looked over once more. */
function cleaned({ state, condition }: News, secrets: ReadonlySet<string>): News {
  const clean = (text: string) => mask(text, secrets).replaceAll(ADDRESS, '***');
  const { what, why, fix } = condition;
  return {
    state,
    condition: {
      ...condition,
      key: clean(condition.key),
      what: clean(what),
      why: why && clean(why),
      fix: fix && clean(fix),
    },
  };
}
