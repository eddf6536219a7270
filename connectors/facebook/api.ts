import { FacebookAdsApi } from 'facebook-nodejs-business-sdk';
import { API_VERSION, type FacebookSettings } from './schema.ts';

/**
 * Opens an SDK connection with a host, an API version and a time limit of its own.
 *
 * The SDK (24.0.1) knows one host and one version for the whole process, the latter already expired, and waits
 * without end. An absolute address as path bypasses the first two, so `call` is replaced on this one object.
 * Its third argument is false because the SDK would otherwise send uncaught exceptions of this process to Meta.
 *
 * @param timeout_ms a request without an answer by then fails with a `TimeoutError`; the request itself goes on
 */
export function connect(
  settings: Pick<FacebookSettings, 'access_token' | 'base_url'>,
  timeout_ms = 120_000,
): FacebookAdsApi {
  const origin = new URL(settings.base_url ?? 'https://graph.facebook.com').origin;
  const api = new FacebookAdsApi(settings.access_token, 'en_US', false);
  const send = api.call.bind(api);

  api.call = async <T>(
    method: string,
    path: string | readonly string[],
    params: Record<string, unknown> = {},
  ): Promise<T> => {
    const url = address(origin, path);
    url.searchParams.set('access_token', settings.access_token);
    if (method === 'POST') return bounded(send<T>(method, url.href, params), timeout_ms);
    for (const [name, value] of Object.entries(params)) {
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
    return bounded(send<T>(method, url.href), timeout_ms);
  };
  return api;
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
