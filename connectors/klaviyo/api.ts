import {
  ApiKeySession,
  DataPrivacyApi,
  EventsApi,
  ListsApi,
  MetricsApi,
  ProfilesApi,
  RetryWithExponentialBackoff,
} from 'klaviyo-api';
import type { z } from 'zod';
import { limiterOf, type Limiter } from '../limiter.ts';
import { withRetries } from '../retry.ts';
import { answerError, explain, type Call } from './explain.ts';
import { endpointOf, told } from './pace.ts';
import type { Settings } from './schema.ts';

/** Longer than Klaviyo takes for 5 MB; a request that is quiet for this long is given up and tried again. */
const TIMEOUT_MS = 60_000;

export type Api = {
  lists: ListsApi;
  profiles: ProfilesApi;
  privacy: DataPrivacyApi;
  events: EventsApi;
  metrics: MetricsApi;
  limiter: Limiter;
  /**
   * Makes one call, with retries, and reads what of the answer is used.
   * @returns the answer, and how many requests it took
   * @throws SyncError
   */
  ask<T>(
    call: Call,
    reply: z.ZodType<T>,
    send: () => Promise<unknown>,
  ): Promise<{ value: T; requests: number }>;
};

/**
 * The one limiter of a key in this process. Klaviyo counts all keys of an account together; which account a key belongs
 * to it tells only to keys with a scope of their own, so keys are kept apart here, and its headers tell of the others.
 */
export function accountLimiter({ base_url, api_key }: Settings): Limiter {
  return limiterOf(`klaviyo ${base_url} ${api_key}`);
}

/**
 * The SDK's objects for one account. Its own retrying is off: it knows neither our signal nor broken connections.
 * Every request goes through the session, which lets it wait for its turn and adds the timeout that the SDK has not
 * (axios keeps it: that closes the socket, and touches no other user of axios in this process).
 */
export function klaviyoApi(
  settings: Settings,
  context: { signal: AbortSignal; backoff_ms: number },
  limiter: Limiter,
  timeout_ms: number = TIMEOUT_MS,
): Api {
  const session = new ApiKeySession(settings.api_key, new RetryWithExponentialBackoff({ numRetries: 0 }));
  const send = session.requestWithRetry.bind(session);
  session.requestWithRetry = (request) =>
    limiter.run(endpointOf(request), {
      signal: context.signal,
      send: () => send({ ...request, timeout: timeout_ms }),
      told,
    });
  const apis = {
    lists: new ListsApi(session),
    profiles: new ProfilesApi(session),
    privacy: new DataPrivacyApi(session),
    events: new EventsApi(session),
    metrics: new MetricsApi(session),
  };
  const origin = settings.base_url?.replace(/\/+$/, '');
  if (origin) for (const api of Object.values(apis)) api.basePath = origin;

  async function ask<T>(call: Call, reply: z.ZodType<T>, request: () => Promise<unknown>) {
    const attempt = async (): Promise<T> => {
      const parsed = reply.safeParse(await request());
      if (parsed.success) return parsed.data;
      throw answerError(
        call,
        `Not as described: ${parsed.error.issues[0]?.path.join('.') || 'the whole of it'}.`,
      );
    };
    return withRetries(attempt, {
      signal: context.signal,
      backoff_ms: context.backoff_ms,
      explain: (thrown) => ({ error: explain(call, thrown) }),
    });
  }
  return { ...apis, limiter, ask };
}

/** A filter that matches any of the values. Klaviyo's literals are quoted and escaped as JSON's are. */
export function anyOf(field: string, values: readonly string[]): string {
  return `any(${field},${JSON.stringify(values)})`;
}

/**
 * The cursor in a link to the next page. The SDK would find it too, but only in a link with `https://`, and it cuts
 * a link at a second question mark.
 */
export function cursorIn(next: string | null | undefined): string | undefined {
  if (!next) return undefined;
  return URL.canParse(next) ? (new URL(next).searchParams.get('page[cursor]') ?? undefined) : next;
}
