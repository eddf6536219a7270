import type { Engine } from '../engine/engine.ts';
import type { Audience } from '../job/audiences.ts';
import type { JobDestination } from '../job/load.ts';
import { matchSegments } from '../job/segments.ts';
import { countHeld, rememberedAudiences, type RememberedAudience } from '../ledger/ledger.ts';
import { pastRuns } from './past-audiences.ts';
import { accountOf } from './plan.ts';

/** An audience of the job that the job file names no more, and how many members of ours it still has. */
export type Orphan = RememberedAudience & { held: number };

/** What earlier runs of the job left at a destination. */
export type Remembered = {
  /** By name. */
  known: Map<string, RememberedAudience>;
  /** What an audience was called before the job file gave it another name, by the new name. */
  renames: Map<string, Orphan>;
  orphans: Orphan[];
};

/**
 * Compares the audiences of a destination with those that earlier runs left in its account. Nothing is asked of the
 * platform.
 * @param destinations all of the job, with the audiences that runs found
 */
export async function rememberedOf(
  engine: Engine,
  job: string,
  destinations: readonly JobDestination[],
  destination: JobDestination,
): Promise<Remembered> {
  const account = accountOf(job, destination);
  const known = await rememberedAudiences(engine, account);
  const sharing = destinations.filter((other) => shareAccount(destination, other));
  const named = new Set(sharing.flatMap(({ audiences }) => audiences).map(({ name }) => name));
  const gone = [...known.values()].filter(({ name }) => !named.has(name));
  if (gone.length === 0) return { known, renames: new Map(), orphans: [] };
  const counts = await countHeld(engine, account);
  const left = gone.map((one) => ({ ...one, held: counts.get(one.remote_id)?.held ?? 0 }));
  const [last] = await pastRuns(engine, job);
  const lately = new Set(last?.audiences.map(({ remote_id }) => remote_id));
  const renames = renamesOf(
    destination.audiences.filter(({ name }) => !known.has(name)),
    left.filter(({ remote_id }) => lately.has(remote_id)),
  );
  const renamed = new Set([...renames.values()].map(({ name }) => name));
  // One of the destinations of an account tells of its orphans; where accounts have no name, each does.
  const teller = sharing.find(({ orphans }) => orphans === 'remove') ?? sharing[0];
  const tells = account.account === '' || teller === destination;
  const orphans = left.filter(
    (one) =>
      tells && one.held > 0 && !renamed.has(one.name) && !sharing.some((other) => mayReturn(one, other)),
  );
  return { known, renames, orphans };
}

/** The same where the platform cannot rename: new names are new audiences, and the former ones are left behind. */
export function withoutRenames({ known, renames, orphans }: Remembered): Remembered {
  const left = [...renames.values()].filter(({ held }) => held > 0);
  return { known, renames: new Map(), orphans: [...orphans, ...left] };
}

/**
 * An audience that is new takes the place of one that is gone where both are of the same segment with the same
 * settings. Two pairs of the same are alike, so either may take either.
 */
function renamesOf(fresh: readonly Audience[], gone: readonly Orphan[]): Map<string, Orphan> {
  const left = [...gone];
  const renames = new Map<string, Orphan>();
  for (const audience of fresh.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const settings = settingsText(audience);
    const at = left.findIndex((one) => one.segment === audience.segment && one.settings === settings);
    if (at >= 0) renames.set(audience.name, left.splice(at, 1)[0]!);
  }
  return renames;
}

/** The settings of an audience as they are remembered. */
export function settingsText({ settings }: Pick<Audience, 'settings'>): string {
  return JSON.stringify(settings ?? {});
}

function shareAccount(one: JobDestination, other: JobDestination): boolean {
  return (
    one.definition.type === other.definition.type &&
    one.definition.account(one.settings) === other.definition.account(other.settings)
  );
}

/** Whether an entry for segments that only runs find may stand for it. */
function mayReturn({ segment }: RememberedAudience, { open }: JobDestination): boolean {
  if (segment === null) return open.length > 0;
  const [model = '', ...rest] = segment.split('.');
  const one = { name: segment, model: model as 'custom', segment: rest.join('.'), label: '' };
  return open.some(({ pattern }) => matchSegments(pattern, [one]).length > 0);
}
