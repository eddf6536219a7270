import { z } from 'zod';
import type { Destination, DestinationContext, Member } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Limiter } from '../limiter.ts';
import { contactHash, MISSING, orMissing } from './among.ts';
import { accountLimiter, connect, type Api } from './api.ts';
import type { Place } from './explain.ts';
import { mergeFields } from './merge-fields.ts';
import { addressOf } from './newcomers.ts';
import { setProperties } from './properties.ts';
import { push } from './push.ts';
import { Account, List } from './replies.ts';
import type { MailchimpSettings } from './schema.ts';
import { tagsOf } from './tags.ts';

/** Opens one Mailchimp list as a destination; see `Destination` for what each function promises. */
export function openMailchimp(
  settings: MailchimpSettings,
  context: DestinationContext,
  limiter: Limiter = accountLimiter(settings),
): Destination {
  const { list_id } = settings;
  const api = connect(settings, context, limiter);
  const tags = tagsOf(api, list_id);
  const { find, create, rename, count, members } = tags;
  return {
    check: () => check(api, list_id, context),
    find,
    create: (name) => create(name),
    rename,
    count,
    members,
    setProperties: (people, stop) => setProperties(api, list_id, context.log, people(), stop),
    erase: (member) => erase(api, list_id, member),
    push: (change) => push(api, tags, change, settings),
  };
}

async function check(api: Api, list_id: string, context: DestinationContext): Promise<string[]> {
  const list: Place = { where: `mailchimp list ${list_id}` };
  const { value: account } = await api.ask(list, Account, () =>
    api.root.getRoot({ fields: ['account_name', 'role'] }),
  );
  if (/^(viewer|author)$/i.test(account.role)) {
    throw new SyncError({
      code: 'DESTINATION_PERMISSION',
      where: list.where,
      what: `The API key's user has the role ${account.role}, which may not tag contacts.`,
      fix: 'Give that user the role of manager in Mailchimp, or use the key of one who has it.',
    });
  }
  const { value } = await api.ask(list, List, () =>
    api.lists.getList(list_id, {
      fields: ['name', 'stats.total_contacts'],
      include_total_contacts: true,
    }),
  );
  const fields = await mergeFields(api, list_id, list, context.log).readAll();
  return [
    `account "${account.account_name}": key accepted, role ${account.role || 'not told'}`,
    `list "${value.name}" (${list_id}): ${value.stats.total_contacts} contacts`,
    `${fields.size} merge fields; Mailchimp has room for 30 or 80, by the account's plan`,
  ];
}

/**
 * Deletes the contact with all personal data and every tag, for good: Mailchimp refuses to import the address ever
 * again, so that only the person can come back, through a sign-up form. Archiving, or taking our tags off, would leave
 * the data where it is.
 */
async function erase(
  api: Api,
  list_id: string,
  member: Member,
): Promise<{ done: string[]; requests: number }> {
  const address = addressOf(member);
  const list: Place = { where: `mailchimp list ${list_id}` };
  const { value, requests } = await api.ask(list, z.union([z.null(), MISSING]), () =>
    orMissing(api.lists.deleteListMemberPermanent(list_id, contactHash(address))),
  );
  // Missing after a repeated request means that the first one, whose answer was lost, took effect.
  const said =
    value === 'missing' && requests === 1
      ? `Mailchimp: no contact of list ${list_id}.`
      : `Mailchimp: deleted for good from list ${list_id}, with all tags; the address can come back only through a sign-up form. Other lists of the account were not touched.`;
  return { done: [said], requests };
}
