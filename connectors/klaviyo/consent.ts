import { z } from 'zod';
import type { Consent, Customer } from '../records.ts';
import { cursorIn, type Api } from './api.ts';
import type { Call } from './explain.ts';
import { literal, type Span } from './spans.ts';

/** The most profiles on a page (API description of revision 2026-07-15). */
const PAGE = 100;

const CALL: Call = { where: 'klaviyo', what: 'read profiles', scopes: ['profiles:read'], source: true };

const text = z.string().nullish().catch(undefined);
const Marketing = z
  .object({
    consent: text,
    consent_timestamp: text,
    last_updated: text,
    suppression: z
      .array(z.object({ timestamp: text }))
      .nullish()
      .catch(undefined),
  })
  .nullish();
type Marketing = z.output<typeof Marketing>;
const Channel = z.object({ marketing: Marketing }).nullish();

const Profiles = z.object({
  data: z.array(
    z.object({
      attributes: z.object({
        email: text,
        phone_number: text,
        external_id: text,
        updated: text,
        subscriptions: z.object({ email: Channel, sms: Channel }).nullish(),
      }),
    }),
  ),
  links: z.object({ next: z.string().nullish() }).nullish(),
});
type Profile = z.output<typeof Profiles>['data'][number]['attributes'];

/**
 * What profiles consented to that changed within a span of time. Who never said anything is not among them.
 * @throws SyncError
 */
export async function* readConsent(
  api: Api,
  { from, until }: Span,
): AsyncGenerator<{ customers: Customer[] }> {
  // Both bounds leave their own second out.
  const after = from === undefined ? [] : [`greater-than(updated,${literal(from - 1_000)})`];
  const bounds = [...after, `less-than(updated,${literal(until)})`];
  let pageCursor: string | undefined;
  do {
    const query = {
      filter: bounds.length > 1 ? `and(${bounds.join(',')})` : bounds[0],
      sort: 'updated' as const,
      pageSize: PAGE,
      pageCursor,
      additionalFieldsProfile: ['subscriptions' as const],
      fieldsProfile: [
        'email' as const,
        'phone_number' as const,
        'external_id' as const,
        'updated' as const,
        'subscriptions' as const,
      ],
    };
    const { value } = await api.ask(
      CALL,
      Profiles,
      async () => (await api.profiles.getProfiles(query)).response.data,
    );
    yield { customers: value.data.flatMap(({ attributes }) => customersOf(attributes)) };
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
}

/** One description for each channel, as old as what was said about it: one may be news and the other not. */
function customersOf({ email, phone_number, external_id, updated, subscriptions }: Profile): Customer[] {
  if (!email && !phone_number && !external_id) return [];
  const who = {
    customer_id: external_id ?? undefined,
    email: email ?? undefined,
    phone: phone_number ?? undefined,
  };
  const unknown = { email_consent: 'unknown', sms_consent: 'unknown', ads_consent: 'unknown' } as const;
  const byEmail = said(subscriptions?.email?.marketing, updated);
  const bySms = said(subscriptions?.sms?.marketing, updated);
  return [
    ...(byEmail ? [{ ...who, ...unknown, email_consent: byEmail.consent, updated_at: byEmail.at }] : []),
    ...(bySms ? [{ ...who, ...unknown, sms_consent: bySms.consent, updated_at: bySms.at }] : []),
  ];
}

/**
 * A suppression (unsubscribed, bounced, complained, suppressed by hand) is a no, whatever was said before. A yes without
 * a time gives way to every other source, a no without one is as new as the profile.
 */
function said(
  marketing: Marketing,
  updated: string | null | undefined,
): { consent: Consent; at: string } | undefined {
  if (!marketing) return undefined;
  const { consent, consent_timestamp, last_updated, suppression } = marketing;
  const changed = timeOf(last_updated) ?? timeOf(updated) ?? OLDEST;
  if (suppression && suppression.length > 0) {
    const times = suppression.flatMap(({ timestamp }) => timeOf(timestamp) ?? []);
    return { consent: 'no', at: times.toSorted().at(-1) ?? changed };
  }
  if (consent === 'SUBSCRIBED') return { consent: 'yes', at: timeOf(consent_timestamp) ?? OLDEST };
  if (consent === 'UNSUBSCRIBED') return { consent: 'no', at: timeOf(consent_timestamp) ?? changed };
  return undefined;
}

const OLDEST = new Date(0).toISOString();

function timeOf(time: string | null | undefined): string | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
