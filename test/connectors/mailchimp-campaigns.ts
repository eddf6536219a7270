import { expect, onTestFinished } from 'vitest';
import { openMailchimpSource } from '../../connectors/mailchimp/pull.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import type { SandboxAction } from '../../connectors/mailchimp/sandbox-reports.ts';
import { mailchimpSource, type MailchimpSourceSettings } from '../../connectors/mailchimp/source.ts';
import { createLimiter, type Limiter } from '../../connectors/limiter.ts';
import type { SandboxOptions } from '../../connectors/sandbox.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { breaches } from './mailchimp-open.ts';
import { pullsOf } from './pulls.ts';

const DAY_MS = 86_400_000;
const never = new AbortController().signal;

/**
 * An account whose day is `2026-11-01` until the test moves it, and the source opened on it. At the end every exchange
 * is held against the official description.
 */
export async function openCampaigns(
  options: {
    people?: SandboxOptions['people'];
    settings?: Partial<MailchimpSourceSettings>;
    limiter?: Limiter;
    signal?: AbortSignal;
  } = {},
) {
  const clock = { now: Date.parse('2026-11-01T12:00:00Z') };
  const platform = mailchimpSandbox({ people: options.people ?? [], now: () => clock.now });
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const settings: MailchimpSourceSettings = {
    api_key: 'sandbox-us1',
    list_id: 'sandbox',
    contacts: false,
    start: '2024-11-01',
    base_url: sandbox.url,
    ...options.settings,
  };
  const context = { signal: options.signal ?? never, backoff_ms: 1 };
  const limiter = options.limiter ?? createLimiter({ connections: 9 });
  const open = () => openMailchimpSource(settings, context, limiter, () => clock.now);
  onTestFinished(async () => {
    await sandbox.close();
    expect(breaches(sandbox)).toEqual([]);
  });

  /** What the account was asked for, by the path behind `/reports`. */
  const looks = () =>
    sandbox.exchanges
      .map(({ request }) => request)
      .filter(({ path }) => path.endsWith('/email-activity'))
      .map(({ path, query }) => ({
        campaign: path.split('/')[2]!,
        offset: Number(query.get('offset')),
        since: query.get('since'),
      }));

  return {
    clock,
    platform,
    sandbox,
    source: open,
    looks,
    ...pullsOf(open, () => mailchimpSource.cursors!(settings)),
    fault: (fault: Omit<Parameters<typeof sandbox.fault>[0], 'platform'>) =>
      sandbox.fault({ platform: 'mailchimp', ...fault }),
    /** Sends a campaign so many days before the account's day. */
    send: (
      id: string,
      days_ago: number,
      recipients: readonly string[],
      more: { type?: string; list_id?: string } = {},
    ) => platform.send({ id, sent_at: ago(clock.now, days_ago), recipients, ...more }),
    act: (campaign: string, email: string, action: SandboxAction['action'], days_ago: number) =>
      platform.act(campaign, email, { action, at: ago(clock.now, days_ago), url: 'https://shop.example/' }),
  };
}

export function ago(now: number, days: number): string {
  return new Date(now - days * DAY_MS).toISOString();
}

/** That many addresses. */
export function recipients(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `r${index}@shop.example`);
}
