import { batches } from '../batches.ts';
import type { Acknowledgement, Change, Destination, DestinationContext } from '../destination.ts';
import { SyncError } from '../error.ts';
import { klaviyoApi, type Api } from './api.ts';
import { importBatch } from './import.ts';
import { createList, findLists, readSomeLists } from './lists.ts';
import { entryOf, type Entry } from './profile.ts';
import { readOneProfile } from './lookup.ts';
import { removeBatch } from './removal.ts';
import { IMPORT_SIZE, REMOVAL_SIZE, type Settings } from './schema.ts';

/** Klaviyo takes 5 MB; the rest is for what stands around the profiles. */
const IMPORT_BYTES = 5_000_000 - 1_000;

export function openKlaviyo(settings: Settings, context: DestinationContext): Destination {
  const api = klaviyoApi(settings, context);
  return {
    check: () => check(api),
    find: (audiences) => findLists(api, context, audiences),
    create: (name) => createList(api, name),
    push: (change) => push(api, context, change),
  };
}

/** Adds first: should the rest fail, a person who moved between lists is on both rather than on none. */
async function* push(api: Api, context: DestinationContext, change: Change): AsyncGenerator<Acknowledgement> {
  // Never more than one batch's, and lighter than it: they leave before further members do.
  const again: Entry[] = [];
  let mended = 0;
  async function* entries(): AsyncGenerator<Entry> {
    for await (const member of change.add()) {
      yield* again.splice(0);
      yield entryOf(member);
    }
    yield* again.splice(0);
  }
  async function send(batch: readonly Entry[]): Promise<Acknowledgement> {
    const imported = await importBatch(api, context, change.audience, batch);
    again.push(...imported.again);
    mended += imported.mended;
    return imported.acknowledgement;
  }
  const bytes = { limit: IMPORT_BYTES, of: (entry: Entry) => entry.bytes };
  for await (const batch of batches(entries(), IMPORT_SIZE, bytes)) yield await send(batch);
  while (again.length > 0) yield await send(again.splice(0));
  if (mended > 0) context.log('klaviyo refused a field, the member was sent without it', { members: mended });

  for await (const batch of batches(change.remove(), REMOVAL_SIZE)) {
    yield await removeBatch(api, change.audience, batch);
  }
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
      'lists:write and profiles:write show at the first write',
    ];
  }
  throw new SyncError({
    code: 'DESTINATION_PERMISSION',
    where: 'klaviyo',
    what: `The API key lacks ${missing.join(' and ')}.`,
    fix: 'Make a private key with lists:read, lists:write, profiles:read and profiles:write.',
  });
}
