import { randomUUID } from 'node:crypto';
import { isPossiblePhoneNumber } from 'libphonenumber-js';
import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { invalid, notFound, page, read, Refused, refusal, self, time } from './sandbox-jsonapi.ts';
import { wrongProperty } from './sandbox-profiles.ts';
import { IDENTIFIERS, ProfileAttributes, type Store } from './sandbox-store.ts';

const Body = z.object({
  data: z.object({
    type: z.literal('profile-bulk-import-job'),
    attributes: z.object({
      profiles: z.object({
        data: z.array(
          z.object({
            type: z.literal('profile'),
            id: z.string().nullish(),
            attributes: ProfileAttributes,
          }),
        ),
      }),
    }),
    relationships: z
      .object({
        lists: z.object({ data: z.array(z.object({ type: z.literal('list'), id: z.string() })) }).optional(),
      })
      .optional(),
  }),
});

const MOST_PROFILES = 10_000;
const MOST_BYTES = 5_000_000;
const MOST_PROFILE_BYTES = 100_000;
/** How long Klaviyo keeps results is not published. */
const KEPT_MS = 7 * 86_400_000;
const PROFILES = '/data/attributes/profiles/data';

type Row = { id?: string; attributes: ProfileAttributes };
type Job = {
  id: string;
  created: number;
  looks: number;
  total: number;
  list?: string;
  /** Let go of when the job is done. */
  waiting: Row[];
  errors: { detail: string; pointer: string; original_payload: object }[];
};

/** Bulk import jobs: the form is checked at once and refuses the whole request, the content when the job runs. */
export function importJobs(store: Store, now: () => number) {
  const jobs = new Map<string, Job>();

  function create(request: SandboxRequest): SandboxReply {
    const { data } = read(Body, request.body);
    const profiles = data.attributes.profiles.data.map(({ id, attributes }) => ({
      ...(id ? { id } : {}),
      attributes,
    }));
    const list = data.relationships?.lists?.data[0]?.id;
    if (profiles.length > MOST_PROFILES)
      throw invalid(`At most ${MOST_PROFILES} profiles.`, { pointer: PROFILES });
    if (Buffer.byteLength(JSON.stringify(request.body)) > MOST_BYTES) {
      throw new Refused(refusal(413, 'payload_too_large', 'The payload is larger than 5MB.'));
    }
    if (list !== undefined && !store.lists.has(list)) throw invalid(`List ID ${list} does not exist.`);
    checkForm(profiles);
    const job = {
      id: randomUUID(),
      created: now(),
      looks: 0,
      total: profiles.length,
      list,
      waiting: profiles,
      errors: [],
    };
    jobs.set(job.id, job);
    return { status: 202, body: { data: show(job) } };
  }

  function look(_request: SandboxRequest, id: string): SandboxReply {
    const job = found(id);
    proceed(job);
    return { status: 200, body: { data: show(job), links: self(`/profile-bulk-import-jobs/${id}`) } };
  }

  /** Whoever lists jobs looks at those on the page. */
  function list(request: SandboxRequest): SandboxReply {
    const all = [...jobs.values()];
    if (request.query.get('sort') === '-created_at') all.reverse();
    return page(request, all, { usual: 20, most: 100 }, (job) => {
      proceed(job);
      return show(job);
    });
  }

  /** Queued when made, in work at the first look, done at the second. */
  function proceed(job: Job): void {
    job.looks += 1;
    if (job.looks === 2) work(job);
  }

  function importErrors(request: SandboxRequest, id: string): SandboxReply {
    return page(
      request,
      found(id).errors,
      { usual: 20, most: 100 },
      ({ detail, pointer, original_payload }) => ({
        type: 'import-error',
        id: randomUUID(),
        attributes: {
          code: 'invalid',
          title: 'Invalid input.',
          detail,
          source: { pointer },
          original_payload,
        },
        links: self(request.path),
      }),
    );
  }

  function work(job: Job): void {
    const target = job.list === undefined ? undefined : store.lists.get(job.list);
    for (const [index, row] of job.waiting.entries()) {
      const wrong =
        row.id !== undefined && !store.profiles.has(row.id)
          ? { place: 'id', detail: `A profile with id ${row.id} does not exist.` }
          : wrongContent(row.attributes);
      if (wrong) {
        const original_payload = row.id === undefined ? row.attributes : row;
        job.errors.push({
          detail: wrong.detail,
          pointer: `${PROFILES}/${index}/${wrong.place}`,
          original_payload,
        });
        continue;
      }
      const profile = store.upsert(row.attributes, row.id);
      target?.members.add(profile.id);
    }
    job.waiting = [];
  }

  function found(id: string): Job {
    const job = jobs.get(id);
    if (!job) throw notFound('profile bulk import job', id);
    return job;
  }

  function show(job: Job) {
    const done = job.looks >= 2;
    const at = (known: boolean) => (known ? time(job.created) : null);
    return {
      type: 'profile-bulk-import-job',
      id: job.id,
      attributes: {
        status: done ? 'complete' : job.looks === 1 ? 'processing' : 'queued',
        created_at: time(job.created),
        total_count: job.total,
        completed_count: done ? job.total - job.errors.length : 0,
        failed_count: job.errors.length,
        completed_at: at(done),
        expires_at: time(job.created + KEPT_MS),
        started_at: at(job.looks > 0),
      },
      links: self(`/profile-bulk-import-jobs/${job.id}`),
    };
  }

  return { create, look, list, importErrors };
}

function checkForm(profiles: readonly Row[]): void {
  const at = (wrong: (attributes: ProfileAttributes, id?: string) => boolean, field: string) =>
    profiles.flatMap(({ id, attributes }, index) =>
      wrong(attributes, id) ? [{ pointer: `${PROFILES}/${index}/attributes/${field}` }] : [],
    );
  const checks = [
    ['Invalid email address', at(({ email }) => email != null && !/^[^\s@]+@[^\s@]+$/.test(email), 'email')],
    [
      'Invalid phone number',
      at(({ phone_number: phone }) => phone != null && !/^\+\d+$/.test(phone), 'phone_number'),
    ],
    [
      'One or more identifiers is required',
      at((one, id) => !id && !IDENTIFIERS.some((field) => one[field]), ''),
    ],
    [
      'A profile is at most 100KB',
      at((one) => Buffer.byteLength(JSON.stringify(one)) > MOST_PROFILE_BYTES, ''),
    ],
  ] as const;
  for (const [detail, sources] of checks) if (sources.length > 0) throw invalid(detail, ...sources);
}

function wrongContent(attributes: ProfileAttributes): { place: string; detail: string } | undefined {
  const { email, phone_number: phone } = attributes;
  if (email && !/^[^.@]+(\.[^.@]+)*@[^.@]+(\.[^.@]+)+$/.test(email)) {
    return { place: 'attributes/email', detail: `${email} is not a valid email address.` };
  }
  if (phone && !isPossiblePhoneNumber(phone)) {
    return { place: 'attributes/phone_number', detail: `${phone} is not a valid phone number.` };
  }
  const property = wrongProperty(attributes);
  return property && { place: `attributes/${property.field}`, detail: property.detail };
}
