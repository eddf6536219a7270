import { openAlerts, type AlertFacts } from '../../../src/daemon/alerts/alerts.ts';
import type { Settings } from '../../../src/job/settings.ts';
import { AlertSettings } from '../../../src/job/alert-settings.ts';
import type { Shop, Stage } from '../../run/stage.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Alerts of a store, as a daemon that was just started would look after them. */
export function watch(stage: Stage, options: { alerts?: object[]; secrets?: Set<string> } = {}) {
  const settings: Pick<Settings, 'alerts'> = { alerts: AlertSettings.parse(options.alerts ?? []) };
  const logged: string[] = [];
  const stop = new AbortController();
  const clock = { now: Date.now() };
  const start = () =>
    openAlerts({
      engine: stage.engine,
      state: stage.state,
      settings,
      secrets: options.secrets ?? new Set(),
      signal: stop.signal,
      backoff_ms: 1,
      now: () => clock.now,
      log: (message, fields) => logged.push(JSON.stringify({ message, ...fields })),
    });
  let alerts = start();
  return {
    look: (shops: readonly Shop[], facts?: AlertFacts) =>
      alerts.look(
        shops.map(({ job }) => job),
        facts,
      ),
    /** The daemon is started anew. */
    restart: () => void (alerts = start()),
    /** Time passes. */
    later: (ms: number) => void (clock.now += ms),
    stop: () => stop.abort(),
    logged,
  };
}
