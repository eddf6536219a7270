import type { AudienceRef, Destination, Problem } from '../../connectors/index.ts';
import type { Audience } from '../job/audiences.ts';
import type { JobDestination } from '../job/load.ts';
import { forgetMembers, rememberAudience, type RememberedAudience } from '../ledger/ledger.ts';
import type { PlannedDestination } from './destinations.ts';
import { openDestination } from './open.ts';
import { accountOf } from './plan.ts';
import { asProblem } from './problem.ts';
import { rememberedOf, settingsText, withoutRenames, type Orphan, type Remembered } from './remembered.ts';
import type { RunContext } from './run.ts';

/** Where the audiences of a destination are. */
export type Found = {
  /** Remote ids by name; absent are those that do not exist there. */
  ids: Map<string, string>;
  /** Audiences to be renamed there, with the name they still have, by their new name. */
  renames: Map<string, string>;
  /** What keeps an audience from being sent to, by name. */
  problems: Map<string, Problem>;
  orphans: Orphan[];
  warnings: string[];
};

/**
 * Where the audiences of a destination are: as it says itself when sending, else as earlier runs know. A destination
 * that cannot answer gets a problem.
 * @param destinations all of the job
 */
export async function placeAudiences(
  run: RunContext,
  planned: PlannedDestination,
  destinations: readonly JobDestination[],
  send: boolean,
): Promise<Found> {
  const { destination } = planned;
  let remembered = await rememberedOf(run.engine, run.job.name, destinations, destination);
  if (!send && remembered.renames.size === 0) return fromMemory(remembered);
  try {
    const connection = await openDestination(run, destination);
    if (!connection.rename) remembered = withoutRenames(remembered);
    if (!send) return fromMemory(remembered);
    planned.connection = connection;
    return await findAudiences(run, destination, connection, remembered);
  } catch (error) {
    planned.problem = asProblem(error, destination.name);
    return fromMemory(remembered);
  }
}

/** Where audiences are as far as earlier runs know. */
export function fromMemory({ known, renames, orphans }: Remembered): Found {
  const ids = [...known, ...renames].map(([name, { remote_id }]) => [name, remote_id] as const);
  return {
    ids: new Map(ids),
    renames: new Map([...renames].map(([name, former]) => [name, former.name])),
    problems: new Map(),
    orphans,
    warnings: [],
  };
}

/**
 * Asks a destination which audiences it has, by the ids that earlier runs remember, else by name, and remembers what is
 * new. Reads only: what is to be renamed is told.
 * @throws SyncError when the platform is down, refuses the key or answers nonsense
 */
async function findAudiences(
  run: RunContext,
  destination: JobDestination,
  connection: Destination,
  remembered: Remembered,
): Promise<Found> {
  const { audiences } = destination;
  const { known, renames, orphans } = remembered;
  const former = [...renames.values(), ...orphans];
  const refs: AudienceRef[] = [
    ...audiences.map(({ name }) => ({ name, remote_id: known.get(name)?.remote_id })),
    ...former.map(({ name, remote_id }) => ({ name, remote_id })),
  ];
  const there = await connection.find(refs);
  const isThere = ({ name, remote_id }: RememberedAudience) => there.get(name)?.remote_id === remote_id;
  const found: Found = {
    ids: new Map(),
    renames: new Map(),
    problems: new Map(),
    orphans: orphans.filter(isThere),
    warnings: [],
  };
  for (const audience of audiences) {
    const { name } = audience;
    const before = renames.get(name);
    const id = there.get(name)?.remote_id;
    if (before && isThere(before) && connection.rename && id === undefined) {
      found.ids.set(name, before.remote_id);
      found.renames.set(name, before.name);
      continue;
    }
    if (id === undefined) continue;
    const keeper = keeperOf(id, audience, known, audiences);
    if (keeper !== undefined) {
      found.problems.set(name, nameTaken(destination, name, keeper));
      continue;
    }
    found.ids.set(name, id);
    found.warnings.push(...another(destination, name, id, remembered));
    await remember(run, destination, audience, id, known.get(name));
  }
  await forgetGone(
    run,
    destination,
    orphans.filter((orphan) => !isThere(orphan)),
  );
  return found;
}

/** The other audience of the job that an id found by name belongs to, if any. */
function keeperOf(
  id: string,
  { name }: Audience,
  known: Remembered['known'],
  audiences: readonly Audience[],
): string | undefined {
  if (known.get(name)?.remote_id === id) return undefined;
  return audiences.find((other) => other.name !== name && known.get(other.name)?.remote_id === id)?.name;
}

function nameTaken({ name: destination, definition }: JobDestination, name: string, keeper: string): Problem {
  const word = definition.audience_word;
  return {
    code: 'AUDIENCE_NAME_TAKEN',
    where: `${destination}, ${name}`,
    what: `The ${word} called "${name}" there is the one that this job keeps as "${keeper}".`,
    why: 'Somebody renamed it there.',
    fix: `Rename it back to "${keeper}" there, or give "${name}" another name in the job file.`,
  };
}

/** What to say of an audience that is found by its name and is not the one it was before. */
function another(
  { name: destination, definition }: JobDestination,
  name: string,
  id: string,
  { known, renames }: Remembered,
): string[] {
  const word = definition.audience_word;
  const before = known.get(name)?.remote_id;
  if (before !== undefined && before !== id) {
    return [
      `${destination}, ${name}: the ${word} was deleted there; another of that name is used from now on`,
    ];
  }
  const former = renames.get(name);
  if (former === undefined || former.remote_id === id) return [];
  return [
    `${destination}, ${name}: "${former.name}" could not be renamed, a ${word} of the new name is there; that one is used`,
  ];
}

/** Notes where an audience is and what it is of, unless that is known. */
export async function remember(
  run: RunContext,
  destination: JobDestination,
  audience: Audience,
  remote_id: string,
  known?: RememberedAudience,
): Promise<void> {
  const { name, segment } = audience;
  const settings = settingsText(audience);
  if (known?.remote_id === remote_id && known.segment === segment && known.settings === settings) return;
  const account = accountOf(run.job.name, destination);
  await rememberAudience(run.engine, account, { name, remote_id, segment, settings }, run.clock());
}

/** Orphans that are gone from the platform hold nobody any more. */
async function forgetGone(
  run: RunContext,
  destination: JobDestination,
  gone: readonly Orphan[],
): Promise<void> {
  const { type } = destination.definition;
  const account = accountOf(run.job.name, destination);
  // Where accounts have no name, it may be there in the account of another destination.
  const alone = run.job.destinations.filter(({ definition }) => definition.type === type).length === 1;
  if (!account.account && !alone) return;
  for (const { remote_id } of gone) {
    await forgetMembers(run.engine, { ...account, remote_id }, { run_id: run.run_id, clock: run.clock() });
  }
}
