import { z } from 'zod';
import type { Acknowledgement, Change, Member } from '../destination.ts';
import type { Api } from './api.ts';
import { refusalsIn, type Call } from './explain.ts';
import { profileIds } from './lookup.ts';
import type { Refusal } from './replies.ts';

const Answer = z.object({ unknown: z.array(z.string()) });

/**
 * Takes one batch out of a list. Klaviyo removes by profile id, so the ids are looked up first; whom Klaviyo does not
 * know is on no list, and done. Consent and suppression stay as they are.
 */
export async function removeBatch(
  api: Api,
  audience: Change['audience'],
  batch: readonly Member[],
): Promise<Acknowledgement> {
  const where = `klaviyo list "${audience.name}"`;
  let ids = await profileIds(
    api,
    where,
    batch.map(({ key }) => key),
  );
  let total = 0;
  while (ids.length > 0) {
    const call: Call = {
      where,
      what: 'take people out',
      scopes: ['lists:write', 'profiles:write'],
      list: true,
    };
    const { value, requests } = await api.ask(call, Answer, () => remove(api, audience.remote_id, ids));
    total += requests;
    if (value.unknown.length === 0) break;
    ids = ids.filter((id) => !value.unknown.includes(id));
  }
  return { added: [], removed: batch.map(({ key }) => ({ key, result: 'done' })), requests: total };
}

/** Whether one unknown id spoils the whole request is not documented; the rest is sent again in any case. */
async function remove(api: Api, list: string, ids: readonly string[]): Promise<unknown> {
  try {
    const data = ids.map((id) => ({ type: 'profile' as const, id }));
    const { response } = await api.lists.removeProfilesFromList(list, { data });
    // The SDK takes any 2xx for success, a proxy's login page too.
    return response.status === 204 ? { unknown: [] } : undefined;
  } catch (error) {
    const unknown = refusalsIn(error).flatMap((refusal) => refusedId(refusal, ids) ?? []);
    if (unknown.length === 0) throw error;
    return { unknown };
  }
}

function refusedId(refusal: Refusal, ids: readonly string[]): string | undefined {
  const row = /^\/data\/(\d+)(\/|$)/.exec(refusal.source?.pointer ?? '')?.[1];
  return (row === undefined ? undefined : ids[Number(row)]) ?? ids.find((id) => refusal.detail.includes(id));
}
