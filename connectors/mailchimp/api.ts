import ApiClient from '@mailchimp/mailchimp_marketing/src/ApiClient.js';
import type { z } from 'zod';
import { SyncError } from '../error.ts';
import { limiterOf, type Limiter } from '../limiter.ts';
import { withRetries } from '../retry.ts';
import type { Account } from './account.ts';
import { explain, told, type Place } from './explain.ts';

/** The most items Mailchimp puts on one page; it puts 10 when not asked. */
export const PAGE = 1000;

/**
 * All the connections that Mailchimp allows a user. Each request opens one, and Mailchimp's side ends it with the answer:
 * the next comes after that. Where another program has some of them too, the limiter gives up as many as are refused.
 */
export const CONNECTIONS = 10;
/** There is no quota beside the connections, so every call is of one kind. */
const ENDPOINT = { name: 'any', windows: [] };

export type Page<T> = { items: T[]; total: number };
export type Api = ReturnType<typeof connect>;

/** The one limiter of an account: its sources and destinations in all jobs share the connections. */
export function accountLimiter({ base_url, api_key }: Account): Limiter {
  return limiterOf(`mailchimp ${base_url} ${api_key}`, { connections: CONNECTIONS });
}

/**
 * A client of its own for one source or destination: the instance the SDK exports is shared by the whole process. It
 * brings neither retries nor pacing, so every call goes through ours.
 */
export function connect(
  settings: Account,
  context: { signal: AbortSignal; backoff_ms: number },
  limiter: Limiter,
) {
  const { api_key, base_url } = settings;
  const { signal, backoff_ms } = context;
  const client = new ApiClient();
  if (base_url === undefined) {
    client.setConfig({ apiKey: api_key, server: api_key.slice(api_key.lastIndexOf('-') + 1) });
  } else {
    // Given a `server`, the SDK would put it in place of the first "server" anywhere in the address.
    client.setConfig({ apiKey: api_key });
    client.basePath = `${base_url.replace(/\/+$/, '')}/3.0`;
  }

  /**
   * One request, repeated while that may help.
   * @throws SyncError as `explain` words it, or `DESTINATION_ANSWER` for an answer of an unknown shape
   */
  function ask<T extends z.ZodType>(
    place: Place,
    reply: T,
    call: () => Promise<unknown>,
  ): Promise<{ value: z.output<T>; requests: number }> {
    const attempt = async () => {
      const parsed = reply.safeParse(unlabelled(await limiter.run(ENDPOINT, { signal, send: call, told })));
      if (parsed.success) return parsed.data;
      const what = 'Mailchimp answered something this program does not understand.';
      throw new SyncError({ code: 'DESTINATION_ANSWER', where: place.where, what }, { retry: 'now' });
    };
    return withRetries(attempt, {
      signal,
      backoff_ms,
      explain: (error) => ({ error: explain(error, place) }),
    });
  }

  /** Asks page by page, until a page is empty or the total is reached. */
  async function* pages<T>(
    place: Place,
    reply: z.ZodType<Page<T>>,
    call: (window: { count: number; offset: number }) => Promise<unknown>,
  ): AsyncGenerator<Page<T>> {
    let offset = 0;
    for (;;) {
      const { value } = await ask(place, reply, () => call({ count: PAGE, offset }));
      yield value;
      offset += value.items.length;
      if (value.items.length === 0 || offset >= value.total) return;
    }
  }

  return { ask, pages, lists: client.lists, root: client.root, reports: client.reports };
}

/** The SDK hands an answer out as text where it is not labelled JSON. */
function unlabelled(answer: unknown): unknown {
  if (typeof answer !== 'string') return answer;
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    return answer;
  }
}
