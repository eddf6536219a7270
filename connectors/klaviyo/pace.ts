import type { ApiKeySession } from 'klaviyo-api';
import { z } from 'zod';
import type { Endpoint } from '../limiter.ts';
import type { Told, Window } from '../quota.ts';

type Request = Parameters<ApiKeySession['requestWithRetry']>[0];

const [SECOND, MINUTE, DAY] = [1_000, 60_000, 86_400_000];

/** Requests a second and a minute, per endpoint and account (API description of revision 2026-07-15). */
const TIERS = { XS: [1, 15], S: [3, 60], M: [10, 150], L: [75, 750], XL: [350, 3500] } as const;
type Tier = keyof typeof TIERS;

/** New lists a day. */
export const LISTS_A_DAY = 150;

/** Every call of this connector; an extra field that is counted for it may lower a tier. */
const ENDPOINTS: readonly [method: string, path: RegExp, tier: Tier][] = [
  ['GET', /^\/lists$/, 'L'],
  ['POST', /^\/lists$/, 'M'],
  ['GET', /^\/lists\/[^/]+$/, 'L'],
  ['PATCH', /^\/lists\/[^/]+$/, 'M'],
  ['GET', /^\/lists\/[^/]+\/profiles$/, 'L'],
  ['POST', /^\/lists\/[^/]+\/relationships\/profiles$/, 'M'],
  ['DELETE', /^\/lists\/[^/]+\/relationships\/profiles$/, 'M'],
  ['GET', /^\/profiles$/, 'L'],
  ['PATCH', /^\/profiles\/[^/]+$/, 'L'],
  ['GET', /^\/profile-bulk-import-jobs$/, 'M'],
  ['POST', /^\/profile-bulk-import-jobs$/, 'M'],
  ['GET', /^\/profile-bulk-import-jobs\/[^/]+$/, 'M'],
  ['GET', /^\/profile-bulk-import-jobs\/[^/]+\/import-errors$/, 'M'],
  ['POST', /^\/data-privacy-deletion-jobs$/, 'S'],
  ['GET', /^\/metrics$/, 'M'],
  ['GET', /^\/events$/, 'XL'],
];

/**
 * The quota a request of the SDK counts for.
 * @throws Error for a call that is not in the list, which no other call may join unseen
 */
export function endpointOf({ method = '', url = '', params }: Request): Endpoint {
  const path = new URL(url).pathname.replace(/^.*?\/api(?=\/)/, '');
  const known = ENDPOINTS.find(([verb, pattern]) => verb === method && pattern.test(path));
  if (!known) throw new Error(`${method} of this path has no quota here.`);
  const counted = z.looseObject({ 'additional-fields[list]': z.string() }).safeParse(params).success;
  const tier = counted ? 'XS' : known[2];
  const [second, minute] = TIERS[tier];
  const windows: Window[] = [
    { requests: second, ms: SECOND },
    { requests: minute, ms: MINUTE },
  ];
  if (method === 'POST' && path === '/lists') windows.push({ requests: LISTS_A_DAY, ms: DAY });
  return { name: `${method} ${known[1].source} ${tier}`, windows };
}

const header = z.coerce.number().nonnegative().optional().catch(undefined);
const Headers = z.object({
  'retry-after': header,
  'ratelimit-remaining': header,
  'ratelimit-reset': header,
  'ratelimit-limit': z.coerce.string().optional().catch(undefined),
});
const Answer = z.object({ headers: Headers });

/** What the headers of an answer say: of the minute's window, or, on a refusal, how many seconds to wait. */
export function told(answer: { value: unknown } | { error: unknown }): Told {
  const { response } =
    'value' in answer ? { response: answer.value } : ((answer.error ?? {}) as { response?: unknown });
  const headers = Answer.safeParse(response).data?.headers;
  if (!headers) return {};
  const { 'retry-after': wait, 'ratelimit-remaining': requests, 'ratelimit-reset': seconds } = headers;
  return {
    wait_ms: wait === undefined ? undefined : wait * SECOND,
    windows: windowsIn(headers['ratelimit-limit'] ?? ''),
    left: requests === undefined || seconds === undefined ? undefined : { requests, ms: seconds * SECOND },
  };
}

/** `150` for the minute, or `150, 10;w=1, 150;w=60` with every window and its seconds. */
function windowsIn(limit: string): Window[] {
  const named = [...limit.matchAll(/(\d+)\s*;\s*w=(\d+)/g)].map(([, requests, seconds]) => ({
    requests: Number(requests),
    ms: Number(seconds) * SECOND,
  }));
  if (named.length > 0) return named;
  return /^\d+$/.test(limit) ? [{ requests: Number(limit), ms: MINUTE }] : [];
}
