import type { Limiter } from '../limiter.ts';
import type { Source, SourceContext } from '../source.ts';
import { readActivity } from './activity.ts';
import { accountLimiter, connect, type Api } from './api.ts';
import { readCampaigns } from './campaigns.ts';
import { readContacts } from './contacts.ts';
import type { Place } from './explain.ts';
import { Account, List } from './replies.ts';
import type { MailchimpSourceSettings } from './source.ts';

/**
 * Opens one Mailchimp account, or one list of it, as a source; see `Source` for what each function promises.
 * @param now the time of day, in milliseconds since 1970
 */
export function openMailchimpSource(
  settings: MailchimpSourceSettings,
  context: Pick<SourceContext, 'signal' | 'backoff_ms'>,
  limiter: Limiter = accountLimiter(settings),
  now: () => number = Date.now,
): Source {
  const { list_id, contacts } = settings;
  const api = connect(settings, context, limiter);
  const place: Place = { where: list_id ? `mailchimp list ${list_id}` : 'mailchimp', source: true };
  return {
    check: () => check(api, place, settings),
    async *pull(from) {
      if (list_id && contacts) yield* readContacts(api, place, list_id, from);
      yield* readActivity(api, { place, list_id, now: now() }, from);
    },
  };
}

async function check(api: Api, place: Place, { list_id }: MailchimpSourceSettings): Promise<string[]> {
  const { value: account } = await api.ask(place, Account, () =>
    api.root.getRoot({ fields: ['account_name', 'role'] }),
  );
  const facts = [`account "${account.account_name}": key accepted, role ${account.role || 'not told'}`];
  if (list_id) {
    const { value: list } = await api.ask(place, List, () =>
      api.lists.getList(list_id, {
        fields: ['name', 'stats.total_contacts'],
        include_total_contacts: true,
      }),
    );
    facts.push(`list "${list.name}" (${list_id}): ${list.stats.total_contacts} contacts`);
  }
  const campaigns = await readCampaigns(api, place, list_id);
  const newest = campaigns.map(({ sent }) => sent).reduce((a, b) => Math.max(a, b), -Infinity);
  const latest = Number.isFinite(newest) ? `, the latest on ${dayOf(newest)}` : '';
  return [...facts, `${campaigns.length} campaigns sent${latest}`];
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
