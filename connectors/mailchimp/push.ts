import { batches } from '../batches.ts';
import type { Acknowledgement, Change, Member, Outcome } from '../destination.ts';
import { sideBySide } from '../side-by-side.ts';
import { tagHolders } from './among.ts';
import { CONNECTIONS, type Api } from './api.ts';
import { withoutAddresses, type Place } from './explain.ts';
import { addressOf, newcomers } from './newcomers.ts';
import { BatchAnswer } from './replies.ts';
import { MEMBERS_PER_CALL, type MailchimpSettings } from './schema.ts';
import type { tagsOf } from './tags.ts';

type Pair = { add: Member[]; remove: Member[] };
/** What one call came to: Mailchimp's answer, and who of those it leaves open is in the tag, if that could be read. */
type Result = { answer: BatchAnswer; held: Set<string> | undefined; repeated: boolean };
type Sent = { acknowledgement: Acknowledgement; failure?: { error: unknown } };

/**
 * Sends one tag's change; adds and removes share calls. The first attempt's answer is final; where a call had to be
 * repeated, an address it leaves open is offered again, since an earlier attempt may have taken effect.
 */
export async function* push(
  api: Api,
  tags: ReturnType<typeof tagsOf>,
  change: Change,
  { list_id, new_contacts }: MailchimpSettings,
): AsyncGenerator<Acknowledgement> {
  const { name, remote_id } = change.audience;
  const place = tags.place(name);
  const list: Place = { where: place.where };
  const holders = tagHolders(api, tags, { list_id, remote_id, place });
  const makers = new_contacts === 'skip' ? undefined : newcomers(api, { list_id, place: list }, new_contacts);
  const strangers: Member[] = [];

  async function send({ add, remove }: Pair): Promise<Sent> {
    const body = { members_to_add: add.map(addressOf), members_to_remove: remove.map(addressOf) };
    const { value: answer, requests } = await api.ask(place, BatchAnswer, () =>
      api.lists.batchSegmentMembers(body, list_id, remote_id),
    );
    const open = [
      ...body.members_to_add.filter((address) => !answer.added.has(address)),
      ...body.members_to_remove.filter((address) => !answer.removed.has(address)),
    ];
    const result: Result = { answer, held: undefined, repeated: requests > 1 };
    const sent: Sent = { acknowledgement: { added: [], removed: [], requests } };
    result.held = await tried(sent, () => holders(open, result.repeated));
    const unknown = makers ? add.filter((member) => isStranger(member, result)) : [];
    const added = add.filter((member) => !unknown.includes(member)).map((member) => addedAs(member, result));
    sent.acknowledgement.added = added;
    sent.acknowledgement.removed = remove.map((member) => removedAs(member, result));
    strangers.push(...unknown);
    if (strangers.length >= MEMBERS_PER_CALL) await tried(sent, () => admit(sent));
    return sent;
  }

  /** What Mailchimp acknowledged stands, whatever becomes of what follows. */
  async function tried<T>(sent: Sent, follow: () => Promise<T>): Promise<T | undefined> {
    try {
      return await follow();
    } catch (error) {
      sent.failure ??= { error };
      return undefined;
    }
  }

  /** Makes contacts, and gives them the tag by its id: by a name, a tag that was renamed would be made again. */
  async function admit(sent: Sent): Promise<void> {
    const { acknowledgement } = sent;
    const made = await makers?.make(strangers.splice(0, MEMBERS_PER_CALL));
    if (!made) return;
    acknowledgement.added.push(...made.outcomes);
    acknowledgement.requests += made.requests;
    if (made.contacts.length === 0) return;
    const body = { members_to_add: made.contacts.map(addressOf), members_to_remove: [] };
    const { value: answer, requests } = await api.ask(place, BatchAnswer, () =>
      api.lists.batchSegmentMembers(body, list_id, remote_id),
    );
    acknowledgement.requests += requests;
    const open = body.members_to_add.filter((address) => !answer.added.has(address));
    const result = { answer, held: await tried(sent, () => holders(open, true)), repeated: true };
    acknowledgement.added.push(...made.contacts.map((member) => addedAs(member, result)));
  }

  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, ...(change.stop ? [change.stop] : [])]);
  const most = change.stop ? CONNECTIONS : 1;
  let failure: Sent['failure'];
  async function* everything(): AsyncGenerator<Sent> {
    yield* sideBySide(pairs(change.add(), change.remove()), send, { most, stop });
    while (strangers.length > 0) {
      if (stop.aborted) return;
      const sent: Sent = { acknowledgement: { added: [], removed: [], requests: 0 } };
      await tried(sent, () => admit(sent));
      yield sent;
    }
  }
  for await (const sent of everything()) {
    yield sent.acknowledgement;
    if (sent.failure) failed.abort();
    failure ??= sent.failure;
  }
  if (failure) throw failure.error;
}

function addedAs(member: Member, { answer, held, repeated }: Result): Outcome {
  const address = addressOf(member);
  if (answer.added.has(address) || held?.has(address)) return { key: member.key, result: 'done' };
  if (!held) return unread(member);
  const reason = withoutAddresses(answer.errors.get(address) || 'not a contact of the list');
  return { key: member.key, result: 'refused', reason, permanent: !repeated };
}

/** Neither added, nor refused with a reason, nor in the tag before. */
function isStranger(member: Member, { answer, held }: Result): boolean {
  const address = addressOf(member);
  return (
    held !== undefined && !held.has(address) && !answer.added.has(address) && !answer.errors.has(address)
  );
}

/** Whoever is not in the tag, for whatever reason, is where they shall be. */
function removedAs(member: Member, { answer, held }: Result): Outcome {
  const address = addressOf(member);
  if (answer.removed.has(address)) return { key: member.key, result: 'done' };
  if (!held) return unread(member);
  if (!held.has(address)) return { key: member.key, result: 'done' };
  const reason = withoutAddresses(answer.errors.get(address) || 'still in the tag');
  return { key: member.key, result: 'refused', reason, permanent: false };
}

function unread(member: Member): Outcome {
  return { key: member.key, result: 'retry', reason: 'the tag could not be read to see whether it is there' };
}

/** One batch of each kind at a time, until both are used up; nothing is fetched ahead. */
async function* pairs(add: AsyncIterable<Member>, remove: AsyncIterable<Member>): AsyncGenerator<Pair> {
  await using adds = batches(add, MEMBERS_PER_CALL);
  await using removes = batches(remove, MEMBERS_PER_CALL);
  for (;;) {
    const [nextAdd, nextRemove] = [await adds.next(), await removes.next()];
    if (nextAdd.done && nextRemove.done) return;
    yield { add: nextAdd.done ? [] : nextAdd.value, remove: nextRemove.done ? [] : nextRemove.value };
  }
}
