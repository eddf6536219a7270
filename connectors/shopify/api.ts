import { z } from 'zod';
import { aborted, type Clock } from '../clock.ts';
import { withRetries } from '../retry.ts';
import type { SourceContext } from '../source.ts';
import { Answered, explain, problem, Refused, scrub, TooDear } from './failure.ts';
import { jsonOf, post } from './http.ts';
import type { Bucket } from './pace.ts';
import { API_VERSION, type Operation } from './queries.ts';
import { Envelope, type GraphError } from './replies.ts';
import type { ShopifySettings } from './schema.ts';
import { tokenSource } from './token.ts';

export type Api = {
  shop: string;
  clock: Clock;
  signal: AbortSignal;
  backoff_ms: number;
  /** The version that answered last, where Shopify said which. */
  version(): string | undefined;
  /**
   * Makes one call, with retries and waits, and reads what of the answer is used.
   * @returns the answer, and the paths of fields in it that the app may not read, which are null
   * @throws TooDear where the query has to ask for less at a time; SyncError; AbortError
   */
  ask<T>(
    operation: Operation,
    variables: Record<string, unknown>,
    reply: z.ZodType<T>,
  ): Promise<{ data: T; denied: string[] }>;
};

type Answer = { envelope: z.output<typeof Envelope>; throttled: boolean };

/** The Admin API of one shop. */
export function shopifyApi(
  settings: ShopifySettings,
  context: SourceContext,
  { clock, bucket }: { clock: Clock; bucket: Bucket },
): Api {
  const { shop } = settings;
  const { signal, backoff_ms } = context;
  const origin = settings.base_url?.replace(/\/+$/, '') ?? `https://${shop}`;
  const url = `${origin}/admin/api/${API_VERSION}/graphql.json`;
  const tokens = tokenSource(settings, origin, { signal, backoff_ms, clock });
  let version: string | undefined;

  /** A token that ended early is replaced once. */
  async function send(body: string, isSecond = false): Promise<Answer> {
    const token = await tokens.current();
    const { status, headers, text } = await post(url, {
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'x-shopify-access-token': token,
      },
      body,
    });
    if (status === 401 && !isSecond && tokens.refused(token)) return send(body, true);
    const parsed = Envelope.safeParse(jsonOf(text));
    const secrets = [token, settings.client_secret];
    if (parsed.data?.errors) parsed.data.errors = masked(parsed.data.errors, secrets);
    if (status !== 200 || !parsed.success) throw new Answered(status, saidIn(parsed.data), waitOf(headers));
    version = headers.get('x-shopify-api-version') ?? version;
    return { envelope: parsed.data, throttled: hasCode(parsed.data.errors, 'THROTTLED') };
  }

  async function ask<T>({ name, text }: Operation, variables: Record<string, unknown>, reply: z.ZodType<T>) {
    const body = JSON.stringify({ query: text, variables, operationName: name });
    const attempt = async (): Promise<{ data: T; denied: string[] } | TooDear> => {
      const { envelope } = await bucket.spend({
        name,
        signal,
        send: () => send(body),
        told: ({ envelope, throttled }) => ({ cost: envelope.extensions?.cost, throttled }),
      });
      const { data, errors = [] } = envelope;
      if (hasCode(errors, 'MAX_COST_EXCEEDED')) return new TooDear();
      if (typeof errors === 'string') throw new Answered(200, scrub(errors));
      if (errors.length === 0 && !data) throw new Answered(200);
      const denied = deniedIn(data, errors);
      if (errors.length > 0 && !denied) throw new Refused(errors);
      const parsed = reply.safeParse(data);
      if (!parsed.success) throw strange(shop, name, parsed.error);
      return { data: parsed.data, denied: denied ?? [] };
    };
    try {
      const { value } = await withRetries(attempt, {
        signal,
        backoff_ms,
        explain: (thrown) => explain(thrown, shop),
      });
      if (value instanceof TooDear) throw value;
      return value;
    } catch (error) {
      throw signal.aborted ? aborted(signal) : error;
    }
  }

  return { shop, clock, signal, backoff_ms, version: () => version, ask };
}

/** Some errors quote what was sent. */
function masked<Errors extends GraphError[] | string>(
  errors: Errors,
  secrets: (string | undefined)[],
): Errors {
  const hide = (said: string) =>
    secrets.reduce<string>((safe, secret) => (secret ? safe.replaceAll(secret, '…') : safe), said);
  if (typeof errors === 'string') return hide(errors) as Errors;
  return errors.map((error) => ({ ...error, message: hide(error.message) })) as Errors;
}

/** Only errors that say "this field is not for you" leave the rest of an answer usable. */
function deniedIn(data: unknown, errors: readonly GraphError[]): string[] | undefined {
  if (data === null || data === undefined) return undefined;
  const paths = errors.map(({ path, extensions }) =>
    extensions?.code === 'ACCESS_DENIED' && path && path.length > 1 ? path.join('.') : undefined,
  );
  return paths.includes(undefined) ? undefined : paths.map(String);
}

function hasCode(errors: GraphError[] | string | undefined, code: string): boolean {
  return Array.isArray(errors) && errors.some(({ extensions }) => extensions?.code === code);
}

function saidIn(envelope: z.output<typeof Envelope> | undefined): string | undefined {
  const errors = envelope?.errors;
  const said = typeof errors === 'string' ? errors : errors?.[0]?.message;
  return said === undefined ? undefined : scrub(said);
}

/** Seconds, on a 429. */
function waitOf(headers: Headers): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? NaN);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function strange(shop: string, name: string, { issues: [issue] }: z.ZodError) {
  return problem(shop, {
    code: 'SOURCE_ANSWER',
    retry: 'never',
    what: `Shopify's answer to ${name} is not as its documents say.`,
    why: `At ${issue?.path.join('.') || 'the whole of it'}.`,
    fix: `See whether a newer version of this program reads a newer API than ${API_VERSION}; else report it.`,
  });
}
