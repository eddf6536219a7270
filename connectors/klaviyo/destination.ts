import type { Destination, DestinationContext } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Limiter } from '../limiter.ts';
import { accountLimiter, klaviyoApi, type Api } from './api.ts';
import { erase } from './erase.ts';
import { watchJobs } from './jobs.ts';
import { memberKeys } from './list-members.ts';
import { countMembers, createList, findLists, readSomeLists, renameList } from './lists.ts';
import { readOneProfile } from './lookup.ts';
import { setProperties } from './properties.ts';
import { push } from './push.ts';
import type { Settings } from './schema.ts';

/** Opens one account's lists. */
export function openKlaviyo(
  settings: Settings,
  context: DestinationContext,
  limiter: Limiter = accountLimiter(settings),
): Destination {
  const api = klaviyoApi(settings, context, limiter);
  const jobs = watchJobs(api, context);
  return {
    check: () => check(api),
    find: (audiences) => findLists(api, context, audiences),
    create: (name) => createList(api, name),
    rename: (audience, name) => renameList(api, audience, name),
    count: (audience) => countMembers(api, audience),
    members: ({ remote_id }) => memberKeys(api, remote_id),
    setProperties: (members, stop) => setProperties(api, jobs, members(), stop),
    erase: (member, audiences) => erase(api, member, audiences),
    push: (change) => push(api, jobs, context, change),
  };
}

/** Klaviyo has no call that tells a key's scopes, and reading proves none for writing. */
async function check(api: Api): Promise<string[]> {
  const missing: string[] = [];
  for (const [scope, read] of [
    ['lists:read', readSomeLists],
    ['profiles:read', readOneProfile],
  ] as const) {
    try {
      await read(api);
    } catch (error) {
      if (!(error instanceof SyncError) || error.problem.code !== 'DESTINATION_PERMISSION') throw error;
      missing.push(scope);
    }
  }
  if (missing.length === 0) {
    return [
      'key accepted, with lists:read and profiles:read',
      'lists:write and profiles:write show at the first write, data-privacy:write at the first erasure',
    ];
  }
  throw new SyncError({
    code: 'DESTINATION_PERMISSION',
    where: 'klaviyo',
    what: `The API key lacks ${missing.join(' and ')}.`,
    fix: 'Make a private key with lists:read, lists:write, profiles:read, profiles:write and data-privacy:write.',
  });
}
