import { z } from 'zod';
import type { Outcome, PropertyValue } from '../destination.ts';
import { contactHash, MISSING, orMissing } from './among.ts';
import type { Api } from './api.ts';
import { problemOf, withoutAddresses, type Place } from './explain.ts';
import { ContactsAnswer } from './replies.ts';
import { rowErrors, type RowError } from './row-errors.ts';

/** A contact's properties, by merge tag. */
export type Row = { key: string; address: string; properties: Record<string, PropertyValue> };

/** A row with what its merge fields take. */
export type Filled = Row & { merge_fields: Record<string, string | number> };
type Refused = { row: Row; property: string; reason: string };

/** So many contacts are tried alone before a call of which nobody was updated is taken for a call of strangers. */
const TRIED = 3;
const OPTIONS = { skip_merge_validation: true };

const Answer = z.union([ContactsAnswer, z.object({ rows: z.map(z.number(), z.custom<RowError>()) })]);
const Updated = z.union([
  z.object({ email_address: z.string() }),
  MISSING,
  z.object({ refused: z.custom<RowError>() }),
]);

/**
 * Updates contacts 500 at a time without a word of their status, which is how nobody is made and nobody changed.
 * Mailchimp's newer description wants a status with every contact of such a call, and one for new contacts would make
 * contacts of strangers: should the service refuse calls without, contacts are updated one by one instead.
 */
export function updates(api: Api, list_id: string, place: Place) {
  /** Whether calls for many work without a status; not known before one did or was refused. */
  let many: boolean | undefined;

  /** @returns `refused`: rows to send again without the property */
  async function send(rows: readonly Filled[]) {
    const sent = { outcomes: [] as Outcome[], refused: [] as Refused[], requests: 0 };
    let left = rows;
    while (left.length > 0 && many !== false) {
      const current = left;
      const { value, requests } = await api.ask(place, Answer, () => sendMany(current));
      sent.requests += requests;
      if ('rows' in value) {
        if ([...value.rows.values()].some(isAboutStatus)) many = false;
        else left = current.filter((row, index) => !settled(sent, row, value.rows.get(index)));
        continue;
      }
      if (value.done.size > 0) many = true;
      const rest = current.filter((row) => !isKnown(sent, row, value));
      const trials = many ? [] : rest.slice(0, TRIED);
      for (const row of trials) if (await updateOne(sent, row)) many = false;
      left = rest.slice(trials.length);
      if (many === false) break;
      sent.outcomes.push(...left.map((row) => refusal(row, value, requests > 1)));
      left = [];
    }
    await Promise.all(left.map((row) => updateOne(sent, row)));
    return sent;
  }

  async function sendMany(rows: readonly Filled[]): Promise<unknown> {
    const members = rows.map(({ address, merge_fields }) => ({ email_address: address, merge_fields }));
    try {
      return await api.lists.batchListMembers(list_id, { members, update_existing: true }, OPTIONS);
    } catch (error) {
      const found = rowErrors(problemOf(error, 400), rows.length);
      if (found.size === 0) throw error;
      return { rows: found };
    }
  }

  /** @returns whether the contact was updated */
  async function updateOne(sent: Sent, row: Filled): Promise<boolean> {
    const { value, requests } = await api.ask(place, Updated, () => orMissing(patch(row)));
    sent.requests += requests;
    if (value === 'missing') {
      sent.outcomes.push({
        key: row.key,
        result: 'refused',
        reason: 'not a contact of the list',
        permanent: true,
      });
      return false;
    }
    if ('refused' in value) settled(sent, row, value.refused);
    else sent.outcomes.push({ key: row.key, result: 'done' });
    return !('refused' in value);
  }

  async function patch({ address, merge_fields }: Filled): Promise<unknown> {
    try {
      return await api.lists.updateListMember(list_id, contactHash(address), { merge_fields }, OPTIONS);
    } catch (error) {
      const problem = problemOf(error, 400);
      if (!problem) throw error;
      const [first] = problem.errors ?? [];
      return { refused: { place: first?.field ?? '', message: first?.message || problem.detail } };
    }
  }

  return send;
}

type Sent = { outcomes: Outcome[]; refused: Refused[]; requests: number };

/** Takes an error of a row to the notes: of the field it names, or else of the member. */
function settled(sent: Sent, row: Filled, error: RowError | undefined): boolean {
  if (!error) return false;
  const property = error.place.replace(/^merge_fields\./, '');
  const { key } = row;
  const reason = withoutAddresses(error.message);
  if (property in row.merge_fields) sent.refused.push({ row, property, reason });
  else sent.outcomes.push({ key, result: 'refused', reason, permanent: true });
  return true;
}

/** Whether the answer says of the row that it was updated, or which of its fields is to blame. */
function isKnown(sent: Sent, row: Filled, { done, errors }: ContactsAnswer): boolean {
  if (done.has(row.address)) sent.outcomes.push({ key: row.key, result: 'done' });
  const error = errors.get(row.address);
  const place = error?.field.replace(/^merge_fields\./, '') ?? '';
  if (error && place in row.merge_fields) {
    settled(sent, row, { place, message: error.field_message || error.error });
    return true;
  }
  return done.has(row.address);
}

function refusal({ key, address }: Row, { errors }: ContactsAnswer, repeated: boolean): Outcome {
  const error = errors.get(address);
  if (!error)
    return { key, result: 'retry', reason: 'Mailchimp did not say whether the contact was updated' };
  const reason = withoutAddresses(error.field_message || error.error) || 'not a contact of the list';
  return { key, result: 'refused', reason, permanent: !repeated };
}

function isAboutStatus({ place, message }: RowError): boolean {
  return place === 'status' || /\bstatus(_if_new)?\b/.test(message);
}
