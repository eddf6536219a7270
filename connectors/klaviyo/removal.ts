import type { Acknowledgement, Member, Outcome } from '../destination.ts';
import type { Api } from './api.ts';
import { changeMembers } from './list-members.ts';
import { idsAlive, profileIds } from './lookup.ts';

/**
 * Takes one batch off a list. Klaviyo removes by profile id: those the ledger does not hand over are looked up; whom
 * Klaviyo does not know is on no list, and done.
 */
export async function removeBatch(
  api: Api,
  list: { where: string; id: string },
  batch: readonly Member[],
): Promise<Acknowledgement> {
  const remembered = new Map(batch.flatMap(({ key, remote_id: id }) => (id ? [[key, id] as const] : [])));
  const others = batch.filter(({ key }) => !remembered.has(key)).map(({ key }) => key);
  let ids = new Map([...remembered, ...(await profileIds(api, list.where, others))]);
  let total = 0;
  while (ids.size > 0) {
    const { unknown, requests } = await changeMembers(api, list, 'remove', [...new Set(ids.values())]);
    total += requests;
    if (unknown.length === 0) break;
    ids = new Map([...ids].filter(([, id]) => !unknown.includes(id)));
    ids = await renewed(api, list.where, ids, remembered);
    remembered.clear();
  }
  const removed = batch.map(({ key }): Outcome => ({ key, result: 'done', remote_id: ids.get(key) }));
  return { added: [], removed, requests: total };
}

/**
 * A remembered id may be out of date: profiles are deleted, and merged under another id. One that is tells that others
 * may be, so all of them are proved, and whoever has none any more is looked up.
 */
async function renewed(
  api: Api,
  where: string,
  ids: Map<string, string>,
  remembered: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const alive = await idsAlive(
    api,
    where,
    [...remembered].flatMap(([key, id]) => (ids.get(key) === id ? [id] : [])),
  );
  const stale = [...remembered].filter(([, id]) => !alive.has(id)).map(([key]) => key);
  const fresh = await profileIds(api, where, stale);
  return new Map([...[...ids].filter(([key]) => !stale.includes(key)), ...fresh]);
}
