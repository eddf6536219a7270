import { z } from 'zod';
import type { Member, RemoteAudience } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Graph } from './graph.ts';
import { hashed, type MatchKey } from './hash.ts';
import { openSession, UsersAnswer, type Send } from './upload.ts';
import { TOO_SMALL } from './verdict.ts';

/** Keys that name a person alone. */
const KEYS = ['EMAIL', 'PHONE', 'EXTERN_ID'] as const satisfies readonly MatchKey[];

const Anything = z.unknown();

/**
 * Takes a person out of every customer-list audience of the ad account, whoever made it, by Meta's call for people who
 * object, and once more out of each of the given audiences. Each identifier is a row of its own, so that any one of
 * them suffices. Lookalikes hold other people, and nothing else of a person is kept that a call could reach.
 *
 * @throws SyncError where something could not be done; all of it can be repeated
 */
export async function erasePerson(
  member: Member,
  audiences: readonly RemoteAudience[],
  graph: Graph,
): Promise<{ done: string[]; requests: number }> {
  const data = rowsOf(member);
  if (data.length === 0)
    return { done: ['Facebook: nothing that names the person could be sent.'], requests: 0 };
  let requests = 0;
  const attempted = () => void (requests += 1);
  // One person fits into an address, which is how this call is described.
  const payload = { schema: KEYS, data };
  await graph.ask(Anything, () => graph.adAccount().deleteUsersOfAnyAudience({ payload }), { attempted });
  const done = [`Facebook: removed from every customer-list audience of ${graph.account}.`];

  for (const { remote_id } of audiences) {
    const send: Send = (request, attempted) =>
      graph.ask(UsersAnswer, () => graph.audience(remote_id).createUser([], request), {
        audience: remote_id,
        attempted,
      });
    try {
      await openSession(KEYS, data.length, send, 'DELETE')(data, true, attempted);
      done.push(`Facebook: removed from audience ${remote_id}; its ads follow within 24 hours.`);
    } catch (error) {
      const left = error instanceof SyncError ? LEFT[error.problem.code] : undefined;
      if (!left) throw error;
      done.push(`Facebook: audience ${remote_id} ${left}.`);
    }
  }
  return { done, requests };
}

/** What a removal from one audience may meet; the one from all of them was taken by then. */
const LEFT: Readonly<Record<string, string>> = {
  AUDIENCE_GONE: 'does not exist any more',
  [TOO_SMALL]: 'would become too small by the removal, so Meta took only the one from all audiences',
};

/** A row for each way to name the person; a removal in the ledger knows but the identifier in its key. */
function rowsOf(member: Member): string[][] {
  const [kind, ...rest] = member.key.split(':');
  const of = { email: member.email, phone: member.phone };
  if (kind === 'email' || kind === 'phone') of[kind] ??= rest.join(':');
  const cells = [hashed('EMAIL', of.email), hashed('PHONE', of.phone), hashed('EXTERN_ID', member.customer)];
  return cells.flatMap((cell, i) => (cell ? [KEYS.map((_, at) => (at === i ? cell : ''))] : []));
}
