import { expect, onTestFinished } from 'vitest';
import { openKlaviyoSource } from '../../connectors/klaviyo/pull.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { klaviyoSource, type KlaviyoSourceSettings } from '../../connectors/klaviyo/source.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { mistakes } from './klaviyo-account.ts';
import { pullsOf } from './pulls.ts';

const never = new AbortController().signal;

/**
 * An account whose time is noon of 2026-11-01 until the test moves it, and the source opened on it. At the end every
 * exchange is held against the official description, and no path may have been called but those that read events.
 */
export async function openEvents(
  options: { settings?: Partial<KlaviyoSourceSettings>; signal?: AbortSignal } = {},
) {
  const clock = { now: Date.parse('2026-11-01T12:00:00Z') };
  const platform = klaviyoSandbox({ now: () => clock.now, rates: false });
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const settings: KlaviyoSourceSettings = {
    api_key: 'sandbox',
    metrics: {},
    profiles: false,
    start: '2026-10-01',
    base_url: sandbox.url,
    ...options.settings,
  };
  const context = { signal: options.signal ?? never, backoff_ms: 1 };
  const open = () => openKlaviyoSource(settings, context, createLimiter(), () => clock.now);
  onTestFinished(async () => {
    await sandbox.close();
    expect(sandbox.exchanges.flatMap(mistakes)).toEqual([]);
    const called = Object.keys(sandbox.requests().klaviyo ?? {});
    expect(called.filter((route) => !/^GET \/(metrics|events|profiles)$/.test(route))).toEqual([]);
  });

  const at = (days_ago: number) => new Date(clock.now - days_ago * 86_400_000).toISOString();
  return {
    clock,
    platform,
    sandbox,
    source: open,
    at,
    ...pullsOf(open, () => klaviyoSource.cursors!(settings)),
    /** Something a person did so many days before the account's time. */
    track: (
      name: string,
      person: string | Parameters<typeof platform.track>[1],
      days_ago: number,
      more: Parameters<typeof platform.track>[3] = {},
    ) => platform.track(name, typeof person === 'string' ? { email: person } : person, at(days_ago), more),
    /** The queries of all requests for events. */
    looks: () =>
      sandbox.exchanges
        .filter(({ request }) => request.path === '/events')
        .map(({ request }) => request.query),
    fault: (fault: Omit<Parameters<typeof sandbox.fault>[0], 'platform'>) =>
      sandbox.fault({ platform: 'klaviyo', ...fault }),
  };
}
