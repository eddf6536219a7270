import { z } from 'zod';
import type { Consent, Customer, Page } from '../records.ts';
import { sideBySide } from '../side-by-side.ts';
import type { PullFrom } from '../source.ts';
import { CONNECTIONS, PAGE, type Api } from './api.ts';
import type { Place } from './explain.ts';
import { apiTime, isoTime } from './times.ts';

/**
 * What a status says of consent. The others say nothing of it: `transactional` and `pending` contacts are made by the
 * destination too, of people who agreed elsewhere.
 */
const CONSENTS = new Map<string, Consent>([
  ['subscribed', 'yes'],
  ['unsubscribed', 'no'],
  ['cleaned', 'no'],
]);

const time = z.string().nullish().catch(undefined);
const Contact = z.object({
  email_address: z.string(),
  status: z.string(),
  timestamp_signup: time,
  timestamp_opt: time,
  last_changed: time,
});
type Contact = z.output<typeof Contact>;

const ContactPage = z.object({ members: z.array(Contact), total_items: z.int().nonnegative() });

/**
 * Whether the contacts of a list may be written to. They come in the order of their last change, latest first: whoever
 * changes meanwhile moves to the front, which makes others come twice but leaves nobody out.
 * @throws SyncError
 */
export async function* readContacts(
  api: Api,
  place: Place,
  list_id: string,
  from: PullFrom,
): AsyncGenerator<Page> {
  const since = from.since.get('contacts');
  const fields = ['email_address', 'status', 'timestamp_signup', 'timestamp_opt', 'last_changed'];

  async function read(offset: number) {
    const { value } = await api.ask(place, ContactPage, () =>
      api.lists.getListMembersInfo(list_id, {
        count: PAGE,
        offset,
        fields: [...fields.map((field) => `members.${field}`), 'total_items'],
        sort_field: 'last_changed',
        sort_dir: 'DESC',
        since_last_changed: since && apiTime(since),
      }),
    );
    return value;
  }

  const first = await read(0);
  yield { customers: first.members.flatMap(customerOf) };
  async function* offsets() {
    for (let offset = PAGE; offset < first.total_items; offset += PAGE) yield offset;
  }
  for await (const { members } of sideBySide(offsets(), read, { most: CONNECTIONS })) {
    yield { customers: members.flatMap(customerOf) };
  }
  const latest = isoTime(first.members[0]?.last_changed ?? undefined);
  if (latest) yield { marks: { contacts: latest } };
}

/**
 * A yes is as old as the opt-in: `last_changed` moves with every tag and field, ours too, and must not make an old yes
 * win over a later no from elsewhere. A no has no time of its own, so it is as new as can be.
 */
function customerOf(contact: Contact): Customer[] {
  const email_consent = CONSENTS.get(contact.status);
  if (!email_consent) return [];
  const agreed =
    isoTime(contact.timestamp_opt ?? undefined) ?? isoTime(contact.timestamp_signup ?? undefined);
  const changed = isoTime(contact.last_changed ?? undefined);
  const updated_at = (email_consent === 'yes' ? agreed : changed) ?? UNKNOWN_TIME;
  const [sms_consent, ads_consent] = ['unknown', 'unknown'] as const;
  return [{ email: contact.email_address, email_consent, sms_consent, ads_consent, updated_at }];
}

/** Of a status without a time every other source knows better. */
const UNKNOWN_TIME = new Date(0).toISOString();
