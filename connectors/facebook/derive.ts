import { z } from 'zod';
import type { Derived } from '../destination.ts';
import { SyncError, type ErrorCode } from '../error.ts';
import { Audience, standingOf } from './audience.ts';
import { MADE_BY_US, type Catalogue } from './catalogue.ts';
import type { Graph } from './graph.ts';
import { isMadeOf, isSame, likenessIn, likenessOf, lookalikeName, specText } from './lookalike.ts';
import { listOrphan, removeOrphan, words } from './orphan.ts';
import { audienceSettings, LEAST_SEED, type FacebookSettings, type LookalikeSettings } from './schema.ts';
import { DUPLICATE, NOT_CREATED } from './verdict.ts';

type Seed = { name: string; remote_id: string; settings: unknown; members: number; changed: number };
type Account = { graph: Graph; catalogue: Catalogue };

/** Most lookalikes of one ad account. */
const MOST = 500;
/** A seed of which this share changed is worth a word on when its lookalikes follow. */
const MUCH = 0.2;

const Created = z.object({ id: z.string() });

/**
 * Finds or creates the lookalikes of an audience. They are told apart by seed, countries and size, never by name. Meta
 * rebuilds a lookalike from its seed every three days while an ad set uses it; there is no call for it, and none is
 * needed.
 *
 * @returns one entry for each that the settings name, then one for each of ours that they name no more
 * @throws SyncError where the account as a whole cannot be used
 */
export async function deriveLookalikes(
  seed: Seed,
  account: Account,
  orphans: FacebookSettings['orphans'],
): Promise<Derived[]> {
  const { lookalikes = [], value } = audienceSettings(seed.settings);
  const derived: Derived[] = [];
  for (const wanted of lookalikes) {
    const existing = await find(wanted, seed, account);
    derived.push(existing ? found(existing, seed) : await make(wanted, seed, account));
  }
  if (value && lookalikes.length > 0) {
    const { is_value_based } = await account.catalogue.get(seed.remote_id, seed.name);
    if (!is_value_based)
      for (const one of derived) one.note = one.note ? `${one.note} ${NO_VALUES}` : NO_VALUES;
  }
  const named = lookalikes.map(likenessOf);
  for (const existing of await madeOf(seed, account)) {
    const likeness = likenessIn(existing);
    if (existing.description !== MADE_BY_US || named.some((one) => isSame(one, likeness))) continue;
    derived.push(orphans === 'keep' ? listOrphan(existing) : await removeOrphan(existing, account));
  }
  return derived;
}

const NO_VALUES =
  'Its seed holds no values, which is fixed when an audience is made: delete the seed in Audience Manager, and the next run makes it with values.';

async function madeOf(seed: Seed, { catalogue }: Account, anew = false): Promise<Audience[]> {
  const all = await catalogue.all(anew);
  const { lookalike_audience_ids } = all.get(seed.remote_id) ?? {};
  const origin = { id: seed.remote_id, lookalike_audience_ids };
  return [...all.values()].filter((one) => isMadeOf(one, origin));
}

async function find(
  wanted: LookalikeSettings,
  seed: Seed,
  account: Account,
  anew = false,
): Promise<Audience | undefined> {
  const likeness = likenessOf(wanted);
  return (await madeOf(seed, account, anew)).find((one) => isSame(likeness, likenessIn(one)));
}

const STATES = { usable: 'ready', passing: 'waiting', broken: 'skipped' } as const;

function found(existing: Audience, { members, changed }: Seed): Derived {
  const { state, note } = standingOf(existing);
  const follows = state === 'usable' && changed >= Math.max(1, members * MUCH) ? FOLLOWS : undefined;
  return {
    name: existing.name,
    remote_id: existing.id,
    state: STATES[state],
    note: note ?? follows,
    requests: 0,
  };
}

const FOLLOWS =
  'Much of its seed changed: Meta takes that in within three days, as long as an ad set uses the lookalike.';

/** A seed that is too small or not ready is waited for: the next run tries again. */
async function make(wanted: LookalikeSettings, seed: Seed, account: Account): Promise<Derived> {
  const { catalogue } = account;
  const name = lookalikeName(wanted, { id: seed.remote_id, name: seed.name });
  const none = (state: 'waiting' | 'skipped', note: string, requests = 0): Derived => ({
    name,
    remote_id: null,
    state,
    note,
    requests,
  });
  if (seed.members < LEAST_SEED) {
    return none(
      'waiting',
      `The audience has ${seed.members} members; Meta needs ${LEAST_SEED} of the country.`,
    );
  }
  let requests = 0;
  try {
    const origin = await catalogue.read(seed.remote_id, seed.name);
    const { state, note = '' } = standingOf(origin);
    if (state === 'passing') return none('waiting', `The audience is not ready. ${note}`);
    if (state === 'broken') return none('skipped', `The audience cannot be used. ${note}`);
    const all = [...(await catalogue.all()).values()];
    if (all.filter(({ subtype }) => subtype === 'LOOKALIKE').length >= MOST) return none('skipped', FULL);
    const remote_id = await create(wanted, { ...origin, name }, account, () => (requests += 1));
    return { name, remote_id, state: 'created', note: 'Meta fills it within one to six hours.', requests };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { code } = error.problem;
    // An attempt whose answer was lost made it, or another run, or a person.
    const other = code === DUPLICATE ? await find(wanted, seed, account, true) : undefined;
    if (other) return { ...found(other, seed), requests };
    if (PASSING.has(code)) return none('waiting', words(error), requests);
    if (FINAL.has(code)) return none('skipped', words(error), requests);
    throw error;
  }
}

const FULL = `The ad account has its ${MOST} lookalikes: delete unused ones in Audience Manager.`;

/** What may be over by the next run, and what only a person can change; neither is a failure of the push. */
const PASSING = new Set([
  DUPLICATE,
  NOT_CREATED,
  'AUDIENCE_GONE',
  'DESTINATION_ANSWER',
  'DESTINATION_DOWN',
  'DESTINATION_THROTTLED',
]);
const FINAL: ReadonlySet<ErrorCode> = new Set(['DESTINATION_FLAGGED', 'DESTINATION_REJECTED']);

async function create(
  wanted: LookalikeSettings,
  { id: origin_audience_id, is_value_based: valued = false, name }: Audience,
  { graph, catalogue }: Account,
  attempted: () => void,
): Promise<string> {
  const params = {
    name,
    subtype: 'LOOKALIKE',
    description: MADE_BY_US,
    origin_audience_id,
    lookalike_spec: specText(wanted, valued),
  };
  const post = () => graph.adAccount().createCustomAudience([], params);
  const { id } = await graph.ask(Created, post, { audience: name, attempted });
  const { countries, from, to } = likenessOf(wanted);
  const origin = [{ id: origin_audience_id }];
  const lookalike_spec = { target_countries: countries, starting_ratio: from, ratio: to, origin };
  catalogue.remember(
    Audience.parse({ id, name, subtype: 'LOOKALIKE', description: MADE_BY_US, lookalike_spec }),
  );
  return id;
}
