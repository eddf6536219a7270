import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Acknowledgement, Change, DestinationContext, Outcome } from '../destination.ts';
import { cursorIn, type Api } from './api.ts';
import { refusalsIn, type Call } from './explain.ts';
import { afterRefusal, unsendable, type Entry } from './profile.ts';
import { ImportErrors, ImportJob, type Refusal } from './replies.ts';

/** Waits between looks at a job grow by half, up to this many first waits: 10 s for the usual 500 ms. */
const LONGEST_WAIT = 20;
/** Looks at a job before its members are left to the next run; about half an hour. */
const LOOKS = 200;
const ERRORS_PAGE = 100;

type End = { status: 'complete' | 'cancelled'; failed: number };

const Answer = z.union([ImportJob, z.object({ rows: z.map(z.number(), z.custom<Refusal>()) })]);

/** `again` are members to send once more without a field; `mended` counts those and the ones mended at once. */
type Imported = { acknowledgement: Acknowledgement; again: Entry[]; mended: number };

/** Imports one batch into a list, waits for the job's end and reads how each member fared. */
export async function importBatch(
  api: Api,
  context: DestinationContext,
  audience: Change['audience'],
  batch: readonly Entry[],
): Promise<Imported> {
  const submitted = await submit(api, audience, batch);
  const { job, entries, requests } = submitted;
  const added = [...submitted.refused];
  const again: Entry[] = [];
  const end = job === undefined ? undefined : await finished(api, context, audience, job);
  const failures =
    job && end?.failed ? await importErrors(api, audience, job, entries) : new Map<Entry, Refusal>();
  for (const entry of entries) {
    const failure = failures.get(entry);
    const next = failure ? afterRefusal(entry, failure) : fate(entry, failures.size, end);
    if ('attributes' in next) again.push(next);
    else added.push(next);
  }
  const mended = submitted.mended + again.length;
  return { acknowledgement: { added, removed: [], requests }, again, mended };
}

/** How a member ended whom no error names: done only where the job is, and all its failures have a name. */
function fate({ key }: Entry, named: number, end: End | undefined): Outcome {
  if (!end) return { key, result: 'retry', reason: 'Klaviyo had not finished the import' };
  if (end.status === 'cancelled') return { key, result: 'retry', reason: 'Klaviyo cancelled the import' };
  if (named < end.failed)
    return { key, result: 'retry', reason: 'Klaviyo reported more failures than it named' };
  return { key, result: 'done' };
}

/**
 * Starts the job. Klaviyo checks the form of a whole request first and points at the rows it does not like
 * (seen 2026-09; its description tells only of errors after the job): those are mended or taken out, and the rest
 * goes off again. Each round takes something out, so there is an end.
 */
async function submit(api: Api, audience: Change['audience'], batch: readonly Entry[]) {
  const call = callOn(audience, 'start an import', ['lists:write', 'profiles:write'], true);
  const refused = batch.flatMap((entry) => unsendable(entry) ?? []);
  let entries = batch.filter((entry) => !unsendable(entry));
  let total = 0;
  let mended = 0;
  while (entries.length > 0) {
    const { value, requests } = await api.ask(call, Answer, () => post(api, audience.remote_id, entries));
    total += requests;
    if (!('rows' in value)) return { job: value.data.id, entries, refused, mended, requests: total };
    const { rows } = value;
    entries = entries.flatMap((entry, index) => {
      const refusal = rows.get(index);
      if (!refusal) return [entry];
      const next = afterRefusal(entry, refusal);
      if ('attributes' in next) mended += 1;
      else refused.push(next);
      return 'attributes' in next ? [next] : [];
    });
  }
  return { entries, refused, mended, requests: total };
}

async function post(api: Api, list: string, entries: readonly Entry[]): Promise<unknown> {
  const data = entries.map(({ attributes }) => ({ type: 'profile' as const, attributes }));
  try {
    // Beside the attributes: inside them the list would be dropped and the profiles made all the same.
    const { response } = await api.profiles.bulkImportProfiles({
      data: {
        type: 'profile-bulk-import-job',
        attributes: { profiles: { data } },
        relationships: { lists: { data: [{ type: 'list', id: list }] } },
      },
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

/** The job's end, or undefined if it did not come within the time. */
async function finished(
  api: Api,
  context: DestinationContext,
  audience: Change['audience'],
  job: string,
): Promise<End | undefined> {
  const call = callOn(audience, 'tell how an import stands', ['lists:read', 'profiles:read']);
  let pause = context.backoff_ms;
  for (let look = 0; look < LOOKS; look += 1) {
    await wait(pause, undefined, { signal: context.signal });
    const { value } = await api.ask(
      call,
      ImportJob,
      async () => (await api.profiles.getBulkImportProfilesJob(job)).response.data,
    );
    const { status, failed_count } = value.data.attributes;
    if (status === 'complete' || status === 'cancelled') return { status, failed: failed_count ?? 0 };
    pause = Math.min(pause * 1.5, context.backoff_ms * LONGEST_WAIT);
  }
  return undefined;
}

/** The first error of each member; what was sent back names them, else their place in the request. */
async function importErrors(api: Api, audience: Change['audience'], job: string, entries: readonly Entry[]) {
  const call = callOn(audience, 'tell the errors of an import', ['profiles:read']);
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.attributes.phoneNumber) named.set(entry.attributes.phoneNumber, entry);
    if (entry.attributes.email) named.set(entry.attributes.email, entry);
  }
  const failures = new Map<Entry, Refusal>();
  let pageCursor: string | undefined;
  do {
    const page = { pageSize: ERRORS_PAGE, pageCursor };
    const { value } = await api.ask(call, ImportErrors, async () => {
      return (await api.profiles.getErrorsForBulkImportProfilesJob(job, page)).response.data;
    });
    for (const { attributes: error } of value.data) {
      const sent = error.original_payload?.attributes ?? error.original_payload;
      const byName = named.get(sent?.email?.toLowerCase() ?? '') ?? named.get(sent?.phone_number ?? '');
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

function callOn(audience: Change['audience'], what: string, scopes: string[], list = false): Call {
  return { where: `klaviyo list "${audience.name}"`, what, scopes, list };
}
