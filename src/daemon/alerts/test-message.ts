import type { Problem } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { AlertChannel } from '../../job/alert-settings.ts';
import type { Condition } from './condition.ts';
import { sendNews, type Sender } from './send.ts';
import { alertStore, channelId } from './told.ts';

const TEST: Omit<Condition, 'since'> = {
  kind: 'test',
  key: 'test',
  what: 'This is a test: alerts of this job arrive here.',
  fix: 'Nothing to do.',
};

/**
 * Sends a test message through a channel, and notes what came of it: `status` shows it.
 * @returns the problem, if it was not taken
 */
export async function sendTest(
  engine: Engine,
  channel: AlertChannel,
  job: string,
  options: Pick<Sender, 'secrets' | 'signal' | 'log'>,
): Promise<Problem | undefined> {
  const store = alertStore(engine);
  const id = channelId(channel);
  const news = { state: 'open' as const, condition: { ...TEST, since: new Date().toISOString() } };
  const problem = await sendNews(channel, job, [news], { backoff_ms: 500, ...options }, () =>
    store.tested(job, id),
  );
  if (problem) await store.failed(job, id, problem);
  return problem;
}
