import { batches } from '../batches.ts';
import { anyOf, cursorIn, type Api } from './api.ts';
import { answerError, type Call } from './explain.ts';
import { Profiles, type Profile } from './replies.ts';

/** One page of profiles; the bytes keep the address of the request to a length that any proxy takes. */
const SIZE = 100;
const BYTES = 4_000;
const SCOPES = ['profiles:read'];
/** What the filter takes by either part of a member's key. */
const FIELDS = { 'email:': 'email', 'phone:': 'phone_number' } as const;

/**
 * The profiles that ledger keys (`email:…`, `phone:…`) name: their ids by key. Whom Klaviyo does not know is not in it.
 * A profile that was found by an address it does not show has its own id for a key.
 */
export async function profileIds(
  api: Api,
  where: string,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const asked = new Set(keys);
  const ids = new Map<string, string>();
  for (const profile of await profilesOf(api, where, keys)) {
    const own = keysOf(profile).filter((key) => asked.has(key));
    for (const key of own.length > 0 ? own : [`id:${profile.id}`]) ids.set(key, profile.id);
  }
  return ids;
}

/** The profiles that ledger keys name, each once. */
export async function profilesOf(api: Api, where: string, keys: readonly string[]): Promise<Profile[]> {
  const found = await Promise.all(
    Object.entries(FIELDS).map(([kind, field]) => {
      const values = keys.filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length));
      return profilesWhere(api, where, field, values);
    }),
  );
  return [...new Map(found.flat().map((profile) => [profile.id, profile])).values()];
}

/** Which of some ids Klaviyo still has. */
export async function idsAlive(api: Api, where: string, ids: readonly string[]): Promise<Set<string>> {
  const profiles = await profilesWhere(api, where, 'id', ids);
  return new Set(profiles.map(({ id }) => id));
}

/** The ledger keys a profile answers to. */
export function keysOf({ attributes: { email, phone_number: phone } }: Profile): string[] {
  return [...(email ? [`email:${email.toLowerCase()}`] : []), ...(phone ? [`phone:${phone}`] : [])];
}

/** One profile, as proof that profiles can be read. */
export async function readOneProfile(api: Api): Promise<void> {
  const call: Call = { where: 'klaviyo', what: 'read profiles', scopes: SCOPES };
  await api.ask(
    call,
    Profiles,
    async () => (await api.profiles.getProfiles({ pageSize: 1, fieldsProfile: ['email'] })).response.data,
  );
}

/** Look-ups have five times the quota of writes, so they are made side by side. */
async function profilesWhere(
  api: Api,
  where: string,
  field: string,
  values: readonly string[],
): Promise<Profile[]> {
  const call: Call = { where, what: 'look profiles up', scopes: SCOPES };
  const bytes = { limit: BYTES, of: (value: string) => encodeURIComponent(`"${value}",`).length };
  const lookUps: Promise<Profile[]>[] = [];
  for await (const some of batches(each(values), SIZE, bytes)) lookUps.push(page(api, call, field, some));
  return (await Promise.all(lookUps)).flat();
}

async function page(api: Api, call: Call, field: string, values: readonly string[]): Promise<Profile[]> {
  const profiles: Profile[] = [];
  let pageCursor: string | undefined;
  do {
    const query = {
      filter: anyOf(field, values),
      pageSize: SIZE,
      pageCursor,
      fieldsProfile: ['email' as const, 'phone_number' as const],
    };
    const { value } = await api.ask(
      call,
      Profiles,
      async () => (await api.profiles.getProfiles(query)).response.data,
    );
    profiles.push(...value.data);
    // People who were not asked for would be taken off the list.
    if (profiles.length > values.length)
      throw answerError(call, 'It found more profiles than were asked for.');
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
  return profiles;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
