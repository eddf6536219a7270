import { z } from 'zod';
import { ofSource, SyncError, type ErrorCode, type Retry } from '../error.ts';
import { TooLong } from '../limiter.ts';
import { Refusals, type Refusal } from './replies.ts';

/** What a call is about: for the words of an error, and to know what a 404 means. */
export type Call = {
  /** For example `klaviyo list "Top"`. */
  where: string;
  /** What the call does: `read lists`. */
  what: string;
  scopes: readonly string[];
  /** True where the list is named in the request, so that "not found" means the list. */
  list?: boolean;
  /** What Klaviyo allows only so many of in a day: `new lists, 150`. */
  daily?: string;
  /** True for calls of the source. */
  source?: boolean;
};

/** A wait that Klaviyo asks for and that is longer than this is left to the next run. */
const LONGEST_WAIT_MS = 120_000;

/** The part of an axios error that holds neither the key nor the request's body. */
const HttpError = z.object({
  isAxiosError: z.literal(true),
  code: z.string().optional().catch(undefined),
  response: z.object({ status: z.number(), headers: z.looseObject({}), data: z.unknown() }).optional(),
});

/**
 * Says what a failed call means. Every call of this connector may be repeated (upserts, set additions and removals,
 * a creation that looks first), so whatever may pass is tried again.
 */
export function explain(call: Call, thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  if (thrown instanceof TooLong) return throttled(call, thrown.wait_ms);
  const parsed = HttpError.safeParse(thrown);
  if (!parsed.success) return answerError(call, 'The client library could not read the answer.');
  const { code, response } = parsed.data;
  const what = `Klaviyo could not ${call.what}.`;
  if (!response) return downError(call, `No answer (${code ?? 'connection failed'}).`);
  const { status } = response;
  if (status === 429) return throttled(call, Number(response.headers['retry-after']) * 1000);
  if (status >= 500 || status === 408) return downError(call, `It answered ${status}.`);
  const refusals = Refusals.safeParse(response.data).data?.errors;
  if (status === 401) {
    const fix = 'Make a private key under Settings > API keys in Klaviyo and put it where api_key points.';
    return problem(call, 'DESTINATION_KEY_REFUSED', 'Klaviyo does not accept the API key.', undefined, fix);
  }
  if (!refusals) return answerError(call, `It answered ${status} with something that is not its JSON.`);
  if (status === 403) {
    const fix = `Give the private key the scopes ${call.scopes.join(' and ')}; Klaviyo needs a new key for that.`;
    return problem(call, 'DESTINATION_PERMISSION', what, describe(refusals), fix);
  }
  if (call.list && (status === 404 || refusals.some(namesMissingList))) {
    const fix =
      'The next run looks the list up by name and makes it anew; keep lists of this program in Klaviyo.';
    return problem(call, 'AUDIENCE_GONE', 'The list no longer exists in Klaviyo.', describe(refusals), fix);
  }
  return problem(call, 'DESTINATION_REJECTED', what, `${status}: ${describe(refusals)}`);
}

/** The refusals in what the SDK threw, where Klaviyo named what in the request it refuses. */
export function refusalsIn(thrown: unknown): Refusal[] {
  const { response } = HttpError.safeParse(thrown).data ?? {};
  const status = response?.status ?? 0;
  if (![400, 404, 409, 422].includes(status)) return [];
  return Refusals.safeParse(response?.data).data?.errors ?? [];
}

/** An answer that came, but not in Klaviyo's form: a proxy's page, for example. */
export function answerError(call: Call, why: string): SyncError {
  const fix = 'If this stays, see whether a proxy or base_url stands between this program and Klaviyo.';
  const what = `Klaviyo could not ${call.what}: the answer makes no sense.`;
  return problem(call, 'DESTINATION_ANSWER', what, why, fix, 'now');
}

/**
 * Klaviyo's words without what may be personal: addresses, numbers, anything quoted, and the given values.
 * A refused address need not look like one, hence the values.
 */
export function scrub(text: string, values: readonly string[] = []): string {
  const known = values.reduce((rest, value) => (value ? rest.replaceAll(value, '…') : rest), text);
  return known
    .replaceAll(/\S*@\S*/g, '…')
    .replaceAll(/"[^"]*"|(?<![a-z])'[^']*'|\[[^\]]*\]/gi, '…')
    .replaceAll(/\+?\d[\d\s().-]{4,}\d/g, '…')
    .slice(0, 300);
}

/** Klaviyo gives no code for it: 400 with the pointer `/data` and this sentence (seen 2026-09). */
function namesMissingList(refusal: Refusal): boolean {
  return /\blist\b.*\b(does not exist|not found)/i.test(refusal.detail);
}

/** The limiter does the waiting, so a retry has only to be made. */
function throttled(call: Call, wait_ms: number): SyncError {
  const why = wait_ms > 0 ? `It asks to wait ${Math.ceil(wait_ms / 1000)} seconds.` : undefined;
  const long = wait_ms > LONGEST_WAIT_MS;
  if (long && call.daily) {
    const what = `Klaviyo could not ${call.what}: it allows so much in a day (${call.daily}), and that is used up.`;
    const fix =
      'A run after that goes on from here; lists nobody needs may be deleted, but count all the same.';
    return problem(call, 'DESTINATION_THROTTLED', what, why, fix, 'next_run');
  }
  const what = `Klaviyo could not ${call.what}: too many requests.`;
  const fix = 'The next run goes on from here. Other programs with a key of this account share its quota.';
  return problem(call, 'DESTINATION_THROTTLED', what, why, fix, long ? 'next_run' : 'now');
}

function downError(call: Call, why: string): SyncError {
  const fix = 'The next run goes on from here; https://status.klaviyo.com tells of outages.';
  const what = `Klaviyo could not ${call.what}: it is not reachable or not well.`;
  return problem(call, 'DESTINATION_DOWN', what, why, fix, 'now');
}

function problem(
  call: Call,
  code: ErrorCode,
  what: string,
  why?: string,
  fix?: string,
  retry: Retry = 'never',
): SyncError {
  const error = new SyncError({ code, where: call.where, what, why, fix }, { retry });
  return call.source ? ofSource(error) : error;
}

function describe(refusals: readonly Refusal[]): string {
  const [first, ...rest] = refusals;
  const text = [first?.code, first?.title, first?.detail].filter(Boolean).join(' - ');
  return scrub(text) + (rest.length ? ` (and ${rest.length} more)` : '');
}
