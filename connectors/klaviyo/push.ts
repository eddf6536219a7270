import { batches } from '../batches.ts';
import type { Acknowledgement, Change, DestinationContext, Member } from '../destination.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Api } from './api.ts';
import { importBatch } from './import.ts';
import type { Jobs } from './jobs.ts';
import { changeMembers } from './list-members.ts';
import { entryOf, type Entry } from './profile.ts';
import { removeBatch } from './removal.ts';
import { IMPORT_BYTES, IMPORT_SIZE, MEMBERS_SIZE } from './schema.ts';

/**
 * Imports under way at a time, where the caller allows several. Ten thousand people weigh about 10 MB until their job
 * is done, and what is thrown away on the way several times that: with five, a push of millions stays under 400 MB.
 */
export const IMPORTS_AT_A_TIME = 5;
/** Removals under way at a time: Klaviyo takes ten a second, and each may take more than one. */
const REMOVALS_AT_A_TIME = 20;

type Addition = { entry: Entry; remote_id?: string };

/** Adds first: should the rest fail, a person who moved between lists is on both rather than on none. */
export async function* push(
  api: Api,
  jobs: Jobs,
  context: DestinationContext,
  change: Change,
): AsyncGenerator<Acknowledgement> {
  const { audience, stop } = change;
  const list = { where: `klaviyo list "${audience.name}"`, id: audience.remote_id };
  const pace = (most: number) => ({ most: stop ? most : 1, stop });
  const bytes = { limit: IMPORT_BYTES, of: ({ entry }: Addition) => entry.bytes };
  // Never more than a few batches' worth, and lighter than those: they leave before further members do.
  const again: Addition[] = [];
  const dropped = new Map<string, number>();

  async function* additions(): AsyncGenerator<Addition> {
    for await (const member of change.add()) {
      yield* again.splice(0);
      yield { entry: entryOf(member), remote_id: member.remote_id };
    }
    yield* again.splice(0);
  }

  async function add(batch: readonly Addition[]): Promise<Acknowledgement> {
    const ids = batch.flatMap(({ remote_id }) => remote_id ?? []);
    if (ids.length === batch.length && batch.length <= MEMBERS_SIZE) return addById(batch, ids);
    const target = { where: list.where, list: list.id };
    const entries = batch.map(({ entry }) => entry);
    const imported = await importBatch(api, jobs, target, entries);
    again.push(...imported.again.map((entry) => ({ entry })));
    for (const { field } of imported.dropped) dropped.set(field, (dropped.get(field) ?? 0) + 1);
    return { added: imported.outcomes, removed: [], requests: imported.requests };
  }

  /** Whose id is known needs no import, and no waiting for it. Who has another id by now is imported after all. */
  async function addById(batch: readonly Addition[], ids: readonly string[]): Promise<Acknowledgement> {
    const { unknown, requests } = await changeMembers(api, list, 'add', [...new Set(ids)]);
    if (unknown.length > 0) {
      again.push(...batch.map(({ entry }) => ({ entry })));
      return { added: [], removed: [], requests };
    }
    const added = batch.map(({ entry: { key }, remote_id }) => ({ key, result: 'done' as const, remote_id }));
    return { added, removed: [], requests };
  }

  async function* allAgain(): AsyncGenerator<Addition> {
    while (again.length > 0) yield* again.splice(0);
  }

  yield* sideBySide(batches(additions(), IMPORT_SIZE, bytes), add, pace(IMPORTS_AT_A_TIME));
  const left = () => again.length > 0 && !stop?.aborted;
  while (left()) {
    yield* sideBySide(batches(allAgain(), IMPORT_SIZE, bytes), add, pace(IMPORTS_AT_A_TIME));
  }
  for (const [field, members] of dropped) {
    context.log('klaviyo refused a field, the member was sent without it', { field, members });
  }

  const remove = (batch: readonly Member[]) => removeBatch(api, list, batch);
  yield* sideBySide(batches(change.remove(), MEMBERS_SIZE), remove, pace(REMOVALS_AT_A_TIME));
}
