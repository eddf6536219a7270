import { z } from 'zod';
import type { Outcome } from '../destination.ts';
import { cursorIn, type Api } from './api.ts';
import { refusalsIn, type Call } from './explain.ts';
import type { End, Jobs } from './jobs.ts';
import { afterRefusal, unsendable, type Dropped, type Entry } from './profile.ts';
import { ImportErrors, ImportJob, type Refusal } from './replies.ts';

const ERRORS_PAGE = 100;

const Answer = z.union([ImportJob, z.object({ rows: z.map(z.number(), z.custom<Refusal>()) })]);

/** Where an import goes: for the words of an error, and the list that gets its members, if any. */
export type Target = { where: string; list?: string };

/** `again` are members to send once more without a field; `dropped` are such fields, also those mended at once. */
export type Imported = { outcomes: Outcome[]; again: Entry[]; dropped: Dropped[]; requests: number };

/** Imports one batch, waits for the job's end and reads how each member fared. */
export async function importBatch(
  api: Api,
  jobs: Jobs,
  target: Target,
  batch: readonly Entry[],
): Promise<Imported> {
  const { job, entries, outcomes, dropped, requests } = await submit(api, target, batch);
  const again: Entry[] = [];
  const end = job === undefined ? undefined : await jobs.ended(job, target.where);
  const failures =
    job && end?.failed ? await importErrors(api, target, job, entries) : new Map<Entry, Refusal>();
  for (const entry of entries) {
    const failure = failures.get(entry);
    if (failure) {
      const next = afterRefusal(entry, failure);
      dropped.push(...next.dropped);
      if ('entry' in next) again.push(next.entry);
      else outcomes.push(next.outcome);
    } else outcomes.push(fate(entry, failures.size, end));
  }
  return { outcomes, again, dropped, requests };
}

/** How a member ended whom no error names: done only where the job is, and all its failures have a name. */
function fate({ key, id }: Entry, named: number, end: End | undefined): Outcome {
  if (!end) return { key, result: 'retry', reason: 'Klaviyo had not finished the import' };
  if (end.status === 'cancelled') return { key, result: 'retry', reason: 'Klaviyo cancelled the import' };
  if (named < end.failed)
    return { key, result: 'retry', reason: 'Klaviyo reported more failures than it named' };
  return { key, result: 'done', remote_id: id };
}

/**
 * Starts the job. Klaviyo checks the form of a whole request first and points at the rows it does not like
 * (seen 2026-09; its description tells only of errors after the job): those are mended or taken out, and the rest
 * goes off again. Each round takes something out, so there is an end.
 */
async function submit(api: Api, target: Target, batch: readonly Entry[]) {
  const call: Call = {
    where: target.where,
    what: 'start an import',
    scopes: ['lists:write', 'profiles:write'],
    list: target.list !== undefined,
  };
  const outcomes = batch.flatMap((entry) => unsendable(entry) ?? []);
  const dropped: Dropped[] = [];
  let entries = batch.filter((entry) => !unsendable(entry));
  let job: string | undefined;
  let total = 0;
  while (entries.length > 0 && job === undefined) {
    const { value, requests } = await api.ask(call, Answer, () => post(api, target, entries));
    total += requests;
    if ('rows' in value) {
      const { rows } = value;
      entries = entries.flatMap((entry, index) => {
        const refusal = rows.get(index);
        if (!refusal) return [entry];
        const next = afterRefusal(entry, refusal);
        dropped.push(...next.dropped);
        if ('entry' in next) return [next.entry];
        outcomes.push(next.outcome);
        return [];
      });
    } else job = value.data.id;
  }
  return { job, entries, outcomes, dropped, requests: total };
}

async function post(api: Api, { list }: Target, entries: readonly Entry[]): Promise<unknown> {
  const data = entries.map(({ id, attributes }) => ({
    type: 'profile' as const,
    ...(id ? { id } : {}),
    attributes,
  }));
  // Beside the attributes: inside them the list would be dropped and the profiles made all the same.
  const relationships = list ? { lists: { data: [{ type: 'list' as const, id: list }] } } : undefined;
  try {
    const { response } = await api.profiles.bulkImportProfiles({
      data: { type: 'profile-bulk-import-job', attributes: { profiles: { data } }, relationships },
    });
    return response.data;
  } catch (error) {
    const refusals = refusalsIn(error).map((refusal) => [rowOf(refusal), refusal] as const);
    const rows = new Map(
      refusals.filter((pair): pair is [number, Refusal] => (pair[0] ?? entries.length) < entries.length),
    );
    if (rows.size === 0) throw error;
    return { rows };
  }
}

/** The first error of each member; what was sent back names them, else their place in the request. */
async function importErrors(api: Api, target: Target, job: string, entries: readonly Entry[]) {
  const call: Call = {
    where: target.where,
    what: 'tell the errors of an import',
    scopes: ['lists:read', 'profiles:read'],
  };
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    const { email, phoneNumber } = entry.attributes;
    for (const name of [phoneNumber, email, entry.id]) if (name) named.set(name, entry);
  }
  const failures = new Map<Entry, Refusal>();
  let pageCursor: string | undefined;
  do {
    const page = { pageSize: ERRORS_PAGE, pageCursor };
    const { value } = await api.ask(call, ImportErrors, async () => {
      return (await api.profiles.getErrorsForBulkImportProfilesJob(job, page)).response.data;
    });
    for (const { attributes: error } of value.data) {
      const payload = error.original_payload;
      const sent = payload?.attributes ?? payload;
      const names = [payload?.id, sent?.email?.toLowerCase(), sent?.phone_number];
      const byName = names.flatMap((name) => named.get(name ?? '') ?? [])[0];
      const entry = byName ?? entries[rowOf(error) ?? -1];
      if (entry && !failures.has(entry)) failures.set(entry, error);
    }
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
  return failures;
}

function rowOf(refusal: Pick<Refusal, 'source'>): number | undefined {
  const row = /\/profiles\/data\/(\d+)/.exec(refusal.source?.pointer ?? '')?.[1];
  return row === undefined ? undefined : Number(row);
}
