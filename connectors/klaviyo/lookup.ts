import { batches } from '../batches.ts';
import { anyOf, cursorIn, type Api } from './api.ts';
import { answerError, type Call } from './explain.ts';
import { Profiles } from './replies.ts';

/** One page of profiles; the bytes keep the address of the request to a length that any proxy takes. */
const SIZE = 100;
const BYTES = 4_000;
const SCOPES = ['profiles:read'];
/** What the filter takes by either part of a member's key. */
const FIELDS = { 'email:': 'email', 'phone:': 'phone_number' } as const;

/**
 * The ids of the profiles that ledger keys (`email:…`, `phone:…`) name; whom Klaviyo does not know has none.
 * Look-ups have five times the quota of writes, so they are made side by side.
 */
export async function profileIds(api: Api, where: string, keys: readonly string[]): Promise<string[]> {
  const call: Call = { where, what: 'look profiles up', scopes: SCOPES };
  const lookUps: Promise<string[]>[] = [];
  for (const [kind, field] of Object.entries(FIELDS)) {
    const values = keys.filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length));
    const bytes = { limit: BYTES, of: (value: string) => encodeURIComponent(`"${value}",`).length };
    for await (const page of batches(each(values), SIZE, bytes)) lookUps.push(idsOf(api, call, field, page));
  }
  return [...new Set((await Promise.all(lookUps)).flat())];
}

/** One profile's id, as proof that profiles can be read. */
export async function readOneProfile(api: Api): Promise<void> {
  const call: Call = { where: 'klaviyo', what: 'read profiles', scopes: SCOPES };
  await api.ask(
    call,
    Profiles,
    async () => (await api.profiles.getProfiles({ pageSize: 1, fieldsProfile: ['id'] })).response.data,
  );
}

async function idsOf(api: Api, call: Call, field: string, values: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  let pageCursor: string | undefined;
  do {
    const page = { filter: anyOf(field, values), pageSize: SIZE, pageCursor, fieldsProfile: ['id' as const] };
    const { value } = await api.ask(
      call,
      Profiles,
      async () => (await api.profiles.getProfiles(page)).response.data,
    );
    ids.push(...value.data.map((profile) => profile.id));
    // People who were not asked for would be taken off the list.
    if (ids.length > values.length) throw answerError(call, 'It found more profiles than were asked for.');
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
  return ids;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
