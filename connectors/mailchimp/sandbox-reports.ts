import type { SandboxOptions } from '../sandbox.ts';
import { contactHash, SANDBOX_LIST } from './sandbox-list.ts';
import { notFound, page, type Route } from './sandbox-replies.ts';

/** What a recipient did with a campaign, at an ISO time. */
export type SandboxAction = {
  action: 'open' | 'click' | 'bounce';
  at: string;
  url?: string;
  type?: 'hard' | 'soft';
};
export type SandboxCampaign = {
  id: string;
  sent_at: string;
  recipients: readonly string[];
  type?: string;
  list_id?: string;
};
type Sent = SandboxCampaign & { activity: Map<string, SandboxAction[]> };

export type SandboxReports = ReturnType<typeof openReports>;

/**
 * Reports of campaigns: `/reports…`. Where the documents leave it open, the harder case is imitated: every recipient is
 * listed, also those without activity, and `since` leaves out what they did before, not them.
 */
export function openReports(options: SandboxOptions) {
  const campaigns = new Map<string, Sent>();
  if (options.sample) addSample();

  function send(campaign: SandboxCampaign): void {
    campaigns.set(campaign.id, { ...campaign, activity: new Map() });
  }

  function act(campaign: string, email: string, ...actions: SandboxAction[]): void {
    const { activity } = find(campaign);
    activity.set(email, [...(activity.get(email) ?? []), ...actions]);
  }

  function find(id = ''): Sent {
    const campaign = campaigns.get(id);
    if (!campaign) throw notFound();
    return campaign;
  }

  function listed(query: URLSearchParams): object {
    const [since, before] = ['since_send_time', 'before_send_time'].map((name) =>
      Date.parse(query.get(name) ?? ''),
    );
    const shown = [...campaigns.values()].filter(({ sent_at }) => {
      const sent = Date.parse(sent_at);
      return !(sent <= since!) && !(sent >= before!);
    });
    return { reports: page(shown, query).map(describe), total_items: shown.length };
  }

  function activityOf(campaign: Sent, query: URLSearchParams): object {
    const since = Date.parse(query.get('since') ?? '');
    const emails = page(campaign.recipients, query).map((email) => ({
      campaign_id: campaign.id,
      list_id: campaign.list_id ?? SANDBOX_LIST,
      list_is_active: true,
      email_id: contactHash(email),
      email_address: email,
      activity: (campaign.activity.get(email) ?? [])
        .filter(({ at }) => !(Date.parse(at) <= since))
        .map(({ at, ...action }) => ({ ...action, timestamp: apiTime(at), ip: '203.0.113.7' })),
    }));
    return { emails, campaign_id: campaign.id, total_items: campaign.recipients.length };
  }

  /** Four campaigns, a week apart, that some opened and fewer clicked in; the same for the same people. */
  function addSample(): void {
    const invented = Array.from({ length: 30 }, (_, index) => `sample${index + 1}@shop.example`);
    const recipients = options.people?.map(({ email }) => email) ?? invented;
    const now = options.now?.() ?? Date.now();
    for (const week of [4, 3, 2, 1]) {
      const sent = now - week * 7 * 86_400_000;
      const id = `sample${week}`;
      send({ id, sent_at: new Date(sent).toISOString(), recipients });
      for (const [index, email] of recipients.entries()) {
        const at = (hours: number) => new Date(sent + hours * 3_600_000 + index * 1_000).toISOString();
        if ((index + week) % 3 === 0) act(id, email, { action: 'open', at: at(2) });
        if ((index + week) % 9 === 0)
          act(id, email, { action: 'click', at: at(3), url: 'https://shop.example/' });
      }
    }
  }

  const routes: Route[] = [
    ['GET', /^\/reports$/, ({ query }) => listed(query)],
    ['GET', /^\/reports\/(\w+)\/email-activity$/, ({ query }, [id]) => activityOf(find(id), query)],
  ];
  return { routes, send, act, forget: (id: string) => void campaigns.delete(id) };
}

function describe({
  id,
  type = 'regular',
  list_id = SANDBOX_LIST,
  sent_at,
  recipients,
  activity,
}: Sent): object {
  const actions = [...activity.values()].flat();
  const count = (kind: SandboxAction['action']) => actions.filter(({ action }) => action === kind).length;
  return {
    id,
    campaign_title: `Campaign ${id}`,
    type,
    list_id,
    list_is_active: true,
    emails_sent: recipients.length,
    send_time: apiTime(sent_at),
    opens: { opens_total: count('open') },
    clicks: { clicks_total: count('click') },
  };
}

function apiTime(time: string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, '+00:00');
}
