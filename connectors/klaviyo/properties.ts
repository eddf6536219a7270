import { batches } from '../batches.ts';
import type { Member, Outcome, PropertiesAcknowledgement } from '../destination.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Api } from './api.ts';
import { importBatch } from './import.ts';
import type { Jobs } from './jobs.ts';
import { idsAlive, profileIds } from './lookup.ts';
import { updateEach } from './profile-update.ts';
import { IMPORTS_AT_A_TIME } from './push.ts';
import { propertiesEntry, type Dropped, type Entry } from './profile.ts';
import { IMPORT_BYTES, IMPORT_SIZE } from './schema.ts';

const WHERE = 'klaviyo profile properties';
/** People whose properties are cleared one by one before it is told how they ended. */
const CLEAR_SIZE = 100;
/** As long as an id of Klaviyo's, for the weight of what is not looked up yet. */
const SOME_ID = '0'.repeat(26);

export type Written = { outcomes: Outcome[]; dropped: Dropped[]; requests: number };
type Batch = { clears: boolean; members: Member[] };

/**
 * Stores properties of profiles that exist. They are written by id, so nobody is made, no address changes and no list
 * is touched. An import cannot clear a property: whoever has one to clear is updated alone.
 */
export async function* setProperties(
  api: Api,
  jobs: Jobs,
  members: AsyncIterable<Member>,
  stop?: AbortSignal,
): AsyncGenerator<PropertiesAcknowledgement> {
  const pace = { most: stop ? IMPORTS_AT_A_TIME : 1, stop };
  const write = ({ clears, members: batch }: Batch) =>
    written(api, batch, (entries) =>
      clears ? updateEach(api, WHERE, entries) : importAll(api, jobs, entries),
    );
  for await (const { outcomes, dropped, requests } of sideBySide(grouped(members), write, pace)) {
    yield { updated: outcomes, dropped: counted(dropped), requests };
  }
}

/** As many as an import takes, those with something to clear apart. */
async function* grouped(members: AsyncIterable<Member>): AsyncGenerator<Batch> {
  const bytes = { limit: IMPORT_BYTES, of: (member: Member) => entryOf(member, SOME_ID).bytes };
  const clearing = ({ properties = {} }: Member) => Object.values(properties).includes(null);
  for await (const batch of batches(members, IMPORT_SIZE, bytes)) {
    const { imports = [], clears = [] } = Object.groupBy(batch, (member) =>
      clearing(member) ? 'clears' : 'imports',
    );
    if (imports.length > 0) yield { clears: false, members: imports };
    for (let at = 0; at < clears.length; at += CLEAR_SIZE) {
      yield { clears: true, members: clears.slice(at, at + CLEAR_SIZE) };
    }
  }
}

/**
 * Writes a batch by the ids the ledger handed over, and by those looked up. A remembered id may be out of date, since
 * profiles are deleted and merged: who is refused under such a one is looked up, and written once more.
 */
async function written(
  api: Api,
  members: readonly Member[],
  write: (entries: Entry[]) => Promise<Written>,
): Promise<Written> {
  const remembered = members.flatMap(({ key, remote_id: id }) => (id ? [[key, id] as const] : []));
  const others = members.filter(({ remote_id: id }) => !id).map(({ key }) => key);
  const ids = new Map([...remembered, ...(await profileIds(api, WHERE, others))]);
  const first = await write(entriesOf(members, ids));

  const refused = new Set(first.outcomes.flatMap(({ key, result }) => (result === 'refused' ? [key] : [])));
  const doubted = remembered.filter(([key]) => refused.has(key));
  const alive = await idsAlive(
    api,
    WHERE,
    doubted.map(([, id]) => id),
  );
  const stale = doubted.filter(([, id]) => !alive.has(id)).map(([key]) => key);
  for (const key of stale) ids.delete(key);
  const fresh = await profileIds(api, WHERE, stale);
  const second = await write(entriesOf(members, fresh));

  const outcomes = [...first.outcomes.filter(({ key }) => !stale.includes(key)), ...second.outcomes];
  const unknown = members.filter(({ key }) => !ids.has(key) && !fresh.has(key));
  return {
    outcomes: [...outcomes, ...unknown.map(notThere)],
    dropped: [...first.dropped, ...second.dropped],
    requests: first.requests + second.requests,
  };
}

function entriesOf(members: readonly Member[], ids: ReadonlyMap<string, string>): Entry[] {
  return members.flatMap((member) => {
    const id = ids.get(member.key);
    return id === undefined ? [] : [entryOf(member, id)];
  });
}

function entryOf({ key, properties = {} }: Member, id: string): Entry {
  return propertiesEntry(key, id, properties);
}

/** Imports until Klaviyo has no more fields to refuse. */
async function importAll(api: Api, jobs: Jobs, entries: readonly Entry[]): Promise<Written> {
  const result: Written = { outcomes: [], dropped: [], requests: 0 };
  for (let left = entries; left.length > 0;) {
    const imported = await importBatch(api, jobs, { where: WHERE }, left);
    result.outcomes.push(...imported.outcomes);
    result.dropped.push(...imported.dropped);
    result.requests += imported.requests;
    left = imported.again;
  }
  return result;
}

function notThere({ key }: Pick<Member, 'key'>): Outcome {
  return { key, result: 'refused', reason: 'not a profile in Klaviyo', permanent: true };
}

/** The same field refused for the same reason is one line. */
function counted(dropped: readonly Dropped[]): PropertiesAcknowledgement['dropped'] {
  const groups = Map.groupBy(dropped, ({ field, reason }) => JSON.stringify([field, reason]));
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [{ property: first.field, reason: first.reason, members: 1 + others.length }] : [],
  );
}
