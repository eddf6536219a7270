import { z } from 'zod';
import type { Event, EventType, Page, Rejection } from '../records.ts';
import { sideBySide } from '../side-by-side.ts';
import type { PullFrom } from '../source.ts';
import { MISSING, orMissing } from './among.ts';
import { CONNECTIONS, PAGE, type Api } from './api.ts';
import { readCampaigns, type Campaign } from './campaigns.ts';
import type { Place } from './explain.ts';
import { LAG_MS } from './source.ts';
import { apiTime, isoTime } from './times.ts';

const DAY_MS = 86_400_000;
/** What people do with a campaign they do soon: one sent before that is looked at only once a week. */
const RECENT_MS = 60 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

const TYPES = new Map<string, EventType>([
  ['open', 'open'],
  ['click', 'click'],
  ['bounce', 'bounce'],
]);

const Recipient = z.object({
  email_id: z.string(),
  email_address: z.string().default(''),
  activity: z.array(z.object({ action: z.string(), timestamp: z.string() })).default([]),
});
type Recipient = z.output<typeof Recipient>;

const ActivityPage = z.object({ emails: z.array(Recipient), total_items: z.int().nonnegative() });

/**
 * Opens, clicks and bounces, campaign by campaign. A campaign's mark is when the pull began in which it was read to its
 * end, so that a pull that is cut off goes on with the next one.
 *
 * Mailchimp does not say which opens a mail client made by itself, so of all of them it is unknown. It tells at most
 * 1,000 opens and 1,000 clicks of a contact and campaign.
 *
 * @param scope `now` in milliseconds since 1970
 * @throws SyncError
 */
export async function* readActivity(
  api: Api,
  { place, list_id, now }: { place: Place; list_id?: string; now: number },
  from: PullFrom,
): AsyncGenerator<Page> {
  const began = new Date(now).toISOString();
  const start = from.since.get('activity');
  const campaigns = await readCampaigns(api, place, list_id);
  const due = campaigns.filter((campaign) => isDue(campaign, from.marks.get(partOf(campaign)), start, now));
  // The first pages tell how many there are; of small campaigns they are all, so they are read side by side.
  const firsts = sideBySide(each(due), (campaign) => read({ campaign, offset: 0 }), { most: CONNECTIONS });
  for await (const first of firsts) {
    const { campaign, total } = first;
    yield first.page;
    const rest = sideBySide(each(offsets(total).map((offset) => ({ campaign, offset }))), read, {
      most: CONNECTIONS,
    });
    for await (const { page } of rest) yield page;
    yield { marks: { [partOf(campaign)]: began } };
  }

  async function read({ campaign, offset }: { campaign: Campaign; offset: number }) {
    const mark = from.marks.get(partOf(campaign));
    const since = mark === undefined ? start : new Date(Date.parse(mark) - LAG_MS).toISOString();
    const query = {
      count: PAGE,
      offset,
      since: since && apiTime(since),
      fields: [
        'emails.email_id',
        'emails.email_address',
        'emails.activity.action',
        'emails.activity.timestamp',
        'total_items',
      ],
    };
    const { value } = await api.ask(place, z.union([ActivityPage, MISSING]), () =>
      orMissing(api.reports.getEmailActivityForCampaign(campaign.id, query)),
    );
    // A campaign that was deleted since it was listed has no activity.
    if (value === 'missing') return { campaign, total: 0, page: {} };
    return { campaign, total: value.total_items, page: pageOf(campaign.id, offset, value.emails) };
  }
}

function partOf({ id }: Pick<Campaign, 'id'>): string {
  return `campaign ${id}`;
}

/** Whether a campaign may have what was not read yet, and is worth a look now. */
function isDue(
  { sent, keeps_sending }: Campaign,
  mark: string | undefined,
  start: string | undefined,
  now: number,
): boolean {
  if (keeps_sending || sent >= now - RECENT_MS) return true;
  if (mark !== undefined) return now - Date.parse(mark) >= WEEK_MS;
  return start === undefined || sent >= Date.parse(start) - RECENT_MS;
}

/** Where the pages after the first begin. */
function offsets(total: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil(total / PAGE) - 1) }, (_, index) => (index + 1) * PAGE);
}

/** An event is what one contact did of a kind within a second: a scanner that follows all links at once is one click. */
function pageOf(campaign: string, offset: number, recipients: readonly Recipient[]): Page {
  const events: Event[] = [];
  const rejected: Rejection[] = [];
  for (const [index, { email_id, email_address: email, activity }] of recipients.entries()) {
    const reject = (reason: string) =>
      void rejected.push({ source: partOf({ id: campaign }), line: offset + index + 1, reason });
    if (activity.length > 0 && !email.includes('@')) {
      reject('the contact has no e-mail address any more');
      continue;
    }
    for (const { action, timestamp } of activity) {
      const type = TYPES.get(action);
      const at = isoTime(timestamp);
      if (!type) continue;
      if (at) events.push({ event_id: `${campaign} ${email_id} ${type} ${at}`, type, at, email });
      else reject(`the time of the ${type} cannot be read`);
    }
  }
  return { events, rejected };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
