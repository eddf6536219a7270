import { FacebookAdsApi } from 'facebook-nodejs-business-sdk';
import { z } from 'zod';
import type { Log } from './outcome.ts';
import type { Pace } from './pace.ts';
import { API_VERSION, originOf, type FacebookSettings } from './schema.ts';
import { usageOf } from './usage.ts';
import { budgetOf } from './verdict.ts';

/**
 * Opens an SDK connection with a host, an API version, a time limit and a pace of its own.
 *
 * The SDK (24.0.1) knows one host and one version for the whole process, the latter already expired, and waits
 * without end. An absolute address as path bypasses the first two, so `call` is replaced on this one object.
 * Its third argument is false because the SDK would otherwise send uncaught exceptions of this process to Meta.
 *
 * @param timeout_ms a request without an answer by then fails with a `TimeoutError`; the request itself goes on
 */
export function connect(
  settings: Pick<FacebookSettings, 'access_token' | 'base_url'>,
  { pace, log }: { pace: Pace; log: Log },
  timeout_ms = 120_000,
): FacebookAdsApi {
  const api = new FacebookAdsApi(settings.access_token, 'en_US', false);
  // Usage stands in headers, also of successes, and only this gives them out.
  api.setShowHeader(true);
  const send = api.call.bind(api);
  let warned = false;

  api.call = async <T>(
    method: string,
    path: string | readonly string[],
    params: Record<string, unknown> = {},
  ): Promise<T> => {
    const url = address(originOf(settings), path);
    url.searchParams.set('access_token', settings.access_token);
    if (method !== 'POST') {
      for (const [name, value] of Object.entries(params)) {
        url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
    }
    const ended = await pace.turn();
    try {
      const call = method === 'POST' ? send<T>(method, url.href, params) : send<T>(method, url.href);
      const answer = await bounded(call, timeout_ms);
      const headers = headersOf(answer);
      pace.heard(usageOf(headers));
      const warning = Outdated.safeParse(headers).data?.[VERSION_WARNING];
      if (warning && !warned) log('Meta will stop serving this version', { version: API_VERSION, warning });
      warned ||= warning !== undefined;
      return answer;
    } catch (error) {
      const refusal = Refusal.safeParse(error);
      if (refusal.success) pace.heard(usageOf(refusal.data.headers), budgetOf(refusal.data.response.code));
      throw error;
    } finally {
      ended();
    }
  };
  return api;
}

/** An answer that says why not; anything else that is thrown says nothing of any budget. */
const Refusal = z.object({ response: z.object({ code: z.number() }), headers: z.unknown() });

/** Meta's word on calls that it answers with a newer version than was asked for. */
const VERSION_WARNING = 'x-ad-api-version-warning';
const Outdated = z.object({ [VERSION_WARNING]: z.string() });

/** The SDK puts the headers among the answer's own fields. */
function headersOf(answer: unknown): unknown {
  return (answer as { headers?: unknown } | null | undefined)?.headers;
}

/** A `paging.next` link names Meta's own host; behind a proxy the next page is asked for at the proxy as well. */
function address(origin: string, path: string | readonly string[]): URL {
  if (typeof path !== 'string') return new URL(`/${API_VERSION}/${path.join('/')}`, origin);
  const { pathname, search } = new URL(path);
  return new URL(pathname + search, origin);
}

async function bounded<T>(answer: Promise<T>, timeout_ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new DOMException(`No answer within ${timeout_ms} ms`, 'TimeoutError'));
  }, timeout_ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
