import { z } from 'zod';
import type { Member, Outcome } from '../destination.ts';
import { archivedContacts, type Among } from './among.ts';
import type { Api } from './api.ts';
import { problemOf, withoutAddresses, type Place } from './explain.ts';
import { ContactsAnswer } from './replies.ts';
import { rowErrors } from './row-errors.ts';
import type { MailchimpSettings } from './schema.ts';

type Made = { contacts: Member[]; outcomes: Outcome[]; requests: number };

const Answer = z.union([
  ContactsAnswer,
  z.object({ rows: z.map(z.number(), z.custom<{ message: string }>()) }),
]);

/**
 * Makes contacts of people the list does not know. Whoever exists is left as they are: nobody's status is sent but a
 * new contact's, and who was archived stays so.
 *
 * @returns `contacts`: who is on the list now; `outcomes` of the others
 */
export function newcomers(
  api: Api,
  list: { list_id: string; place: Place },
  status: Exclude<MailchimpSettings['new_contacts'], 'skip'>,
) {
  const archived: Among = archivedContacts(api, list);

  async function make(people: readonly Member[]): Promise<Made> {
    const old = await archived(people.map(addressOf));
    const outcomes = people.filter((member) => old.has(addressOf(member))).map(isArchived);
    let left = people.filter((member) => !old.has(addressOf(member)));
    let total = 0;
    while (left.length > 0) {
      const { value, requests } = await api.ask(list.place, Answer, () => send(left));
      total += requests;
      if (!('rows' in value)) {
        const refused = new Map(
          left.flatMap((member) => {
            const outcome = unmade(member, value, requests > 1);
            return outcome ? [[member, outcome] as const] : [];
          }),
        );
        const contacts = left.filter((member) => !refused.has(member));
        return { contacts, outcomes: [...outcomes, ...refused.values()], requests: total };
      }
      const { rows } = value;
      outcomes.push(...left.flatMap((member, row) => refusedRow(member, rows.get(row)?.message) ?? []));
      left = left.filter((_, row) => !rows.has(row));
    }
    return { contacts: [], outcomes, requests: total };
  }

  async function send(people: readonly Member[]): Promise<unknown> {
    const members = people.map((member) => ({ email_address: addressOf(member), status_if_new: status }));
    try {
      // Who came to be on the list in the meantime is an error here, and not touched.
      const body = { members, update_existing: false };
      return await api.lists.batchListMembers(list.list_id, body, { skip_merge_validation: true });
    } catch (error) {
      const rows = rowErrors(problemOf(error, 400), people.length);
      if (rows.size === 0) throw error;
      return { rows };
    }
  }

  return { make };
}

function isArchived({ key }: Member): Outcome {
  return { key, result: 'refused', reason: 'archived in the list', permanent: true };
}

/** How a member ended who is not on the list now. */
function unmade(member: Member, answer: ContactsAnswer, repeated: boolean): Outcome | undefined {
  const { key } = member;
  const address = addressOf(member);
  const error = answer.errors.get(address);
  if (answer.done.has(address) || error?.error_code === 'ERROR_CONTACT_EXISTS') return undefined;
  if (!error) return { key, result: 'retry', reason: 'Mailchimp did not say what became of the new contact' };
  const reason = withoutAddresses(error.field_message || error.error || 'Mailchimp gives no reason');
  return { key, result: 'refused', reason, permanent: !repeated };
}

function refusedRow({ key }: Member, message: string | undefined): Outcome | undefined {
  if (message === undefined) return undefined;
  return { key, result: 'refused', reason: withoutAddresses(message), permanent: true };
}

/** The ledger's key names the address, also where nothing else of the customer is known any more. */
export function addressOf(member: Member): string {
  return member.email ?? member.key.slice('email:'.length);
}
