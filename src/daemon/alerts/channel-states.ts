import type { Problem } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { ALERT_KINDS, type AlertChannel } from '../../job/alert-settings.ts';
import { alertStore, channelId } from './told.ts';

/** A channel as people see it. */
export type ChannelState = {
  name: string;
  type: AlertChannel['type'];
  /** Why it took nothing of late, and since when (ISO time); null while it works. */
  failing: (Problem & { since: string }) | null;
};

/** Which channels get alerts through, as far as was tried. */
export async function channelStates(
  engine: Engine,
  channels: readonly AlertChannel[],
): Promise<ChannelState[]> {
  if (channels.length === 0) return [];
  const health = await alertStore(engine).failing();
  return channels.map((channel) => {
    const { name, type } = channel;
    const { since, problem } = health.get(channelId(channel)) ?? {};
    return { name, type, failing: problem && since !== undefined ? { ...problem, since } : null };
  });
}

/** Which channels there are and what is told through them, for people. */
export function channelText(channels: readonly AlertChannel[]): string {
  if (channels.length === 0) return 'no alerts: nobody is told when something is wrong';
  const everything = (on: readonly string[]) => ALERT_KINDS.every((kind) => on.includes(kind));
  const told = channels.map(({ name, on }) => `${name} (${everything(on) ? 'everything' : on.join(', ')})`);
  return `alerts: ${told.join('; ')}`;
}
