import { batches } from '../batches.ts';
import type { Acknowledgement, Change, Member, Outcome } from '../destination.ts';
import type { Api } from './api.ts';
import { withoutAddresses, type Place } from './explain.ts';
import { BatchAnswer } from './replies.ts';
import { MEMBERS_PER_CALL } from './schema.ts';
import { tagMembers } from './tag-members.ts';

/** What one call came to: Mailchimp's answer, and who of those it leaves open is in the tag, if that could be read. */
type Result = { answer: BatchAnswer; held: Set<string> | undefined; repeated: boolean };

/**
 * Sends one tag's change; adds and removes share calls. The first attempt's answer is final; where a call had to be
 * repeated, an address it leaves open is offered again, since an earlier attempt may have taken effect.
 */
export async function* push(
  api: Api,
  change: Change,
  tag: { list_id: string; place: Place },
): AsyncGenerator<Acknowledgement> {
  const { list_id, place } = tag;
  const { remote_id } = change.audience;
  const members = tagMembers(api, { list_id, remote_id, place });

  for await (const { add, remove } of pairs(change.add(), change.remove())) {
    const body = { members_to_add: add.map(addressOf), members_to_remove: remove.map(addressOf) };
    const { value: answer, requests } = await api.ask(place, BatchAnswer, () =>
      api.lists.batchSegmentMembers(body, list_id, remote_id),
    );
    const open = [
      ...body.members_to_add.filter((address) => !answer.added.has(address)),
      ...body.members_to_remove.filter((address) => answer.errors.has(address)),
    ];
    const result: Result = { answer, held: undefined, repeated: requests > 1 };
    let failure: unknown;
    try {
      result.held = await members.among(open, result.repeated);
    } catch (error) {
      failure = error;
    }
    yield {
      added: add.map((member) => added(member, result)),
      removed: remove.map((member) => removed(member, result)),
      requests,
    };
    // Only now: what Mailchimp acknowledged stands, whatever became of the reading.
    if (failure !== undefined) throw failure;
  }
}

function added(member: Member, { answer, held, repeated }: Result): Outcome {
  const address = addressOf(member);
  if (answer.added.has(address) || held?.has(address)) return { key: member.key, result: 'done' };
  if (!held) return unread(member);
  const reason = withoutAddresses(answer.errors.get(address) || 'not a contact of the list');
  return { key: member.key, result: 'refused', reason, permanent: !repeated };
}

/** Whoever is not in the tag, for whatever reason, is where they shall be. */
function removed(member: Member, { answer, held }: Result): Outcome {
  const address = addressOf(member);
  const error = answer.errors.get(address);
  if (error === undefined) return { key: member.key, result: 'done' };
  if (!held) return unread(member);
  if (!held.has(address)) return { key: member.key, result: 'done' };
  return { key: member.key, result: 'refused', reason: withoutAddresses(error), permanent: false };
}

function unread(member: Member): Outcome {
  return { key: member.key, result: 'retry', reason: 'the tag could not be read to see whether it is there' };
}

/** The ledger's key names the address, also where nothing else of the customer is known any more. */
function addressOf(member: Member): string {
  return member.email ?? member.key.slice('email:'.length);
}

/** One batch of each kind at a time, until both are used up; nothing is fetched ahead. */
async function* pairs(
  add: AsyncIterable<Member>,
  remove: AsyncIterable<Member>,
): AsyncGenerator<{ add: Member[]; remove: Member[] }> {
  await using adds = batches(add, MEMBERS_PER_CALL);
  await using removes = batches(remove, MEMBERS_PER_CALL);
  for (;;) {
    const [nextAdd, nextRemove] = [await adds.next(), await removes.next()];
    if (nextAdd.done && nextRemove.done) return;
    yield { add: nextAdd.done ? [] : nextAdd.value, remove: nextRemove.done ? [] : nextRemove.value };
  }
}
