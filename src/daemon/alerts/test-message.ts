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
 * Sends a test message through a channel; one that failed and takes it counts as working again.
 * @returns the problem, if it did not take it
 */
export async function sendTest(
  engine: Engine,
  channel: AlertChannel,
  job: string,
  options: Pick<Sender, 'secrets' | 'signal' | 'log'>,
): Promise<Problem | undefined> {
  const condition = { ...TEST, since: new Date().toISOString() };
  const took = () => alertStore(engine).tested(job, channelId(channel));
  return sendNews(channel, job, [{ state: 'open', condition }], { backoff_ms: 500, ...options }, took);
}
