import type { z } from 'zod';
import { limiterOf, type Endpoint } from '../limiter.ts';
import type { Told } from '../quota.ts';
import { withRetries } from '../retry.ts';
import type { SourceContext } from '../source.ts';
import { readAnswer } from './answer.ts';
import { explain, Moved, oddAnswer, Refusal, type Subject } from './explain.ts';
import { baseOf, type Settings } from './schema.ts';

type Request = {
  /** What it does, for the words of an error: `read orders`. */
  what: string;
  /** After `/wp-json`, for example `/wc/v3/orders`. */
  path: string;
  query?: Record<string, string>;
  /** False: a failure that a smaller page may avoid is thrown at once. */
  patient?: boolean;
  /** True where everybody may ask: then the key is not sent. */
  open?: boolean;
};

export type Answer<T> = {
  value: T;
  /** How many there are in all, where the answer is a part of a list and says so. */
  total?: number;
  /** The time of the shop's server, ISO. */
  at?: string;
};

export type Shop = {
  host: string;
  /**
   * Asks, again where that helps, and reads what of the answer is used.
   * @throws SyncError as `explain` makes it
   */
  get<T>(request: Request, shape: z.ZodType<T>): Promise<Answer<T>>;
  /** What is odd about this shop's host, as sentences; each is told once. */
  oddities(): string[];
};

/** WooCommerce itself has no limit, hosts and firewalls do; this many bother none. */
const CONNECTIONS = 2;
/** All requests count for the same, and none of them by time. */
const ENDPOINT: Endpoint = { name: 'all', windows: [] };
const MOST_REDIRECTS = 3;
/** A host that says "too many" without saying until when gets this many first waits, then twice as many, and so on. */
const THROTTLE_FACTOR = 8;

type Raw = { status: number; headers: Headers; text: string };

/**
 * The REST API of one shop. The key travels as HTTP Basic; where a host takes that header away, in the query, which
 * its logs may keep.
 * @param timeout_ms for an answer as a whole
 */
export function openShop(
  settings: Settings,
  context: SourceContext,
  timeout_ms: number = settings.timeout * 1_000,
): Shop {
  const base = baseOf(settings.url);
  const { host } = new URL(base);
  const limiter = limiterOf(`woocommerce ${base}`, { connections: CONNECTIONS });
  const { consumer_key, consumer_secret } = settings;
  const authorization = `Basic ${Buffer.from(`${consumer_key}:${consumer_secret}`).toString('base64')}`;
  const odd = new Set<string>();
  let oddTold = 0;
  let keyInQuery = false;
  let throttled = 0;

  function told(answer: { value: Raw } | { error: unknown }): Told {
    // A host that takes too long for two requests may do one.
    if ('error' in answer) return { crowded: (answer.error as Error | undefined)?.name === 'TimeoutError' };
    const refusal = new Refusal(answer.value);
    if (!refusal.throttled) {
      throttled = 0;
      return {};
    }
    throttled += 1;
    const wait_ms = refusal.wait_ms ?? context.backoff_ms * THROTTLE_FACTOR * 2 ** (throttled - 1);
    context.log('the shop is busy', { host, status: refusal.status, wait_ms });
    return { crowded: true, wait_ms };
  }

  async function fetchOnce(request: Request, inQuery: boolean): Promise<Raw> {
    let url = new URL(`${base}/wp-json${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    if (inQuery) {
      url.searchParams.set('consumer_key', consumer_key);
      url.searchParams.set('consumer_secret', consumer_secret);
    }
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'segment-sync' };
    if (!request.open && !inQuery) headers.authorization = authorization;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeout_ms)]);
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetch(url, { headers, redirect: 'manual', signal });
      const raw = { status: response.status, headers: response.headers, text: await response.text() };
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || !location || !URL.canParse(location, url.href))
        return raw;
      const to = new URL(location, url);
      if (to.origin !== url.origin || redirects === MOST_REDIRECTS) throw new Moved(to);
      url = to;
    }
  }

  async function send(request: Request): Promise<Raw> {
    const turn = (inQuery: boolean) =>
      limiter.run(ENDPOINT, { signal: context.signal, send: () => fetchOnce(request, inQuery), told });
    if (request.open) return turn(false);
    const raw = await turn(keyInQuery);
    if (raw.status !== 401 || keyInQuery) return raw;
    const again = await turn(true);
    if (again.status === 401) return again;
    keyInQuery = true;
    context.log('the host takes the Authorization header away; the key travels in the query', { host });
    odd.add(
      `${host} takes the Authorization header away, so the key travels in the query, encrypted, but readable in the logs of its web server.`,
    );
    return again;
  }

  async function attempt<T>(request: Request, shape: z.ZodType<T>, subject: Subject): Promise<Answer<T>> {
    const raw = await send(request);
    const read = readAnswer(raw.text);
    if (raw.status < 200 || raw.status >= 300 || !('value' in read)) throw new Refusal(raw);
    if (read.notices) odd.add(`${host} writes PHP's messages in front of its data; they are passed over.`);
    const parsed = shape.safeParse(read.value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw oddAnswer(subject, `Not as described: ${issue?.path.join('.') || 'the whole of it'}.`);
    }
    const total = raw.headers.get('x-wp-total');
    const date = Date.parse(raw.headers.get('date') ?? '');
    return {
      value: parsed.data,
      total: total !== null && /^\d+$/.test(total) ? Number(total) : undefined,
      at: Number.isNaN(date) ? undefined : new Date(date).toISOString(),
    };
  }

  return {
    host,
    async get(request, shape) {
      const subject: Subject = { host, what: request.what, patient: request.patient ?? true };
      const { value } = await withRetries(() => attempt(request, shape, subject), {
        signal: context.signal,
        backoff_ms: context.backoff_ms,
        explain: (thrown) => {
          context.signal.throwIfAborted();
          return explain(thrown, subject);
        },
      });
      return value;
    },
    oddities() {
      const news = [...odd].slice(oddTold);
      oddTold = odd.size;
      return news;
    },
  };
}
