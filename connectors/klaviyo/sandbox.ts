import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { openEvents, type SandboxEvents } from './sandbox-events.ts';
import { importJobs } from './sandbox-import.ts';
import { Refused, refusal } from './sandbox-jsonapi.ts';
import { listEndpoints } from './sandbox-lists.ts';
import { profileEndpoints } from './sandbox-profiles.ts';
import { rateLimits, type Endpoint } from './sandbox-rates.ts';
import { emptyStore, type Store } from './sandbox-store.ts';

const JOBS = /^\/profile-bulk-import-jobs$/;
const JOB = /^\/profile-bulk-import-jobs\/([^/]+)$/;
const JOB_ERRORS = /^\/profile-bulk-import-jobs\/([^/]+)\/import-errors$/;

/** Beside the platform, how events and consent come into it. */
export type KlaviyoSandbox = SandboxPlatform & Pick<SandboxEvents, 'metric' | 'track' | 'consent'>;

/**
 * An imitation of the part of Klaviyo's API (revision 2026-07-15) that deals with lists, profiles, imports, metrics and
 * events.
 */
export function klaviyoSandbox(options: SandboxOptions): KlaviyoSandbox {
  const now = options.now ?? Date.now;
  const store = emptyStore(now);
  const jobs = importJobs(store, now);
  const events = openEvents(store, options);
  const quotas = rateLimits(now);
  const endpoints: Endpoint[] = [
    ...listEndpoints(store),
    ...profileEndpoints(store),
    { method: 'GET', path: JOBS, tier: 'M', handle: jobs.list },
    { method: 'POST', path: JOBS, tier: 'M', handle: jobs.create },
    { method: 'GET', path: JOB, tier: 'M', handle: jobs.look },
    { method: 'GET', path: JOB_ERRORS, tier: 'M', handle: jobs.importErrors },
    ...events.endpoints,
  ];

  function handle(request: SandboxRequest): SandboxReply {
    const key = request.headers.authorization;
    if (key !== 'Klaviyo-API-Key sandbox') {
      return refusal(
        401,
        key ? 'authentication_failed' : 'not_authenticated',
        'Missing or invalid private key.',
      );
    }
    const endpoint = endpoints.find(
      ({ method, path }) => method === request.method && path.test(request.path),
    );
    if (!endpoint) return refusal(404, 'not_found', 'The path or method is not known here.');
    const tier = typeof endpoint.tier === 'function' ? endpoint.tier(request.query) : endpoint.tier;
    if (options.rates === false) return answer(endpoint, request);
    const quota = quotas(`${endpoint.method} ${endpoint.path.source} ${tier}`, tier);
    return 'refused' in quota ? quota.refused : { ...answer(endpoint, request), headers: quota.headers };
  }

  const { metric, track, consent } = events;
  const state = () => ({ lists: peopleByList(store) });
  return { name: 'klaviyo', prefix: '/api', handle, state, metric, track, consent };
}

function answer(endpoint: Endpoint, request: SandboxRequest): SandboxReply {
  try {
    return endpoint.handle(request, decodeURIComponent(endpoint.path.exec(request.path)?.[1] ?? ''));
  } catch (error) {
    if (error instanceof Refused) return error.reply;
    throw error;
  }
}

/** A second list of one name gets its id behind the name. */
function peopleByList(store: Store): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const list of store.lists.values()) {
    const people = [...list.members].map((id) => {
      const { email, phone_number: phone } = store.profiles.get(id)?.attributes ?? {};
      return email ?? phone ?? id;
    });
    lists[list.name in lists ? `${list.name} (${list.id})` : list.name] = people.toSorted();
  }
  return lists;
}
