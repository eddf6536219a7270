import { SyncError, type ErrorCode, type Retry } from '../error.ts';
import { TooLong } from '../limiter.ts';
import type { Failure } from '../retry.ts';
import { readAnswer } from './answer.ts';

/** What a request is about, for the words of an error. */
export type Subject = {
  host: string;
  /** For example `read orders`. */
  what: string;
  /** False: a failure that a smaller page may avoid is not tried again as it is. */
  patient: boolean;
};

/** An answer that is not what was asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(answer: { status: number; headers: Headers; text: string }) {
    super(`HTTP ${answer.status}`);
    this.status = answer.status;
    this.headers = answer.headers;
    this.text = answer.text;
  }

  /** The wait that `Retry-After` asks for: seconds, or a date. */
  get wait_ms(): number | undefined {
    const asked = this.headers.get('retry-after')?.trim();
    if (!asked) return undefined;
    const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - Date.now();
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
  }

  get throttled(): boolean {
    return this.status === 429 || this.status === 503;
  }
}

/** A redirect to somewhere the key must not go. */
export class Moved extends Error {
  readonly to: URL;
  constructor(to: URL) {
    super('The shop is elsewhere.');
    this.to = to;
  }
}

/** A wait that is longer than this is left to the next run. */
const LONGEST_WAIT_MS = 120_000;
const NEXT_RUN = 'The next run goes on from here.';
const SLOW = `${NEXT_RUN} If it stays, raise \`timeout\`, or have the host give the shop more memory and time for PHP.`;
const FIREWALL =
  'Let this machine through in the firewall or security plugin of the shop (paths under /wp-json/wc/v3), or try another time.';
const KEY =
  'Make a key with the permission Read under WooCommerce > Settings > Advanced > REST API, for an administrator or shop manager.';

const CERTIFICATES = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS/;
/** Cloudflare's words for a server behind it that does not answer. */
const UNREACHABLE = new Set([521, 522, 523, 530]);
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/** Failures that a page of half the size may avoid. */
export function isHeavy(error: unknown): boolean {
  return error instanceof SyncError && HEAVY.has(error.problem.code);
}
const HEAVY: ReadonlySet<ErrorCode> = new Set(['SOURCE_TIMEOUT', 'SOURCE_CUT_OFF', 'SOURCE_BROKEN']);

/** Says what a failed request means. All requests only read, so whatever may pass is tried again. */
export function explain(thrown: unknown, subject: Subject): Failure {
  if (thrown instanceof SyncError) return { error: thrown };
  const problem = problemMaker(subject);
  const heavy = subject.patient ? 'now' : 'never';
  if (thrown instanceof TooLong) return throttled(problem, thrown.wait_ms);
  if (thrown instanceof Refusal) {
    if (thrown.throttled) return throttled(problem, thrown.wait_ms);
    return { error: refused(problem, thrown, heavy) };
  }
  if (thrown instanceof Moved) return { error: moved(problem, thrown.to, subject.host) };
  const code = codeOf(thrown);
  if (code === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { error: problem('SOURCE_TIMEOUT', 'the answer took too long', undefined, SLOW, heavy) };
  }
  if (CERTIFICATES.test(code)) {
    const fix = `Have the certificate of ${subject.host} renewed or installed whole; it is not read without one.`;
    return { error: problem('SOURCE_CERTIFICATE', 'its certificate is not valid', code, fix) };
  }
  const why = NO_NAME.has(code) ? 'No such name is known.' : `No answer (${code || 'connection failed'}).`;
  const fix = `${NEXT_RUN} See that \`url\` is right and the shop opens in a browser.`;
  return { error: problem('SOURCE_DOWN', 'it is not reachable', why, fix, 'now') };
}

/** An answer in JSON, but not with what is described. */
export function oddAnswer(subject: Subject, why: string): SyncError {
  const fix = 'A plugin of the shop may change its answers: try without plugins that touch the REST API.';
  return problemMaker(subject)('SOURCE_ANSWER', 'the answer makes no sense', why, fix);
}

type Problem = (code: ErrorCode, what: string, why?: string, fix?: string, retry?: Retry) => SyncError;

function problemMaker({ host, what }: Subject): Problem {
  return (code, happened, why, fix, retry = 'never') =>
    new SyncError(
      { code, where: `woocommerce ${host}`, what: `The shop could not ${what}: ${happened}.`, why, fix },
      { retry },
    );
}

function throttled(problem: Problem, wait_ms: number | undefined): Failure {
  const why = wait_ms ? `It asks to wait ${Math.ceil(wait_ms / 1_000)} seconds.` : undefined;
  const fix = `${NEXT_RUN} The host or a firewall limits requests: have it let this machine through.`;
  const retry = (wait_ms ?? 0) > LONGEST_WAIT_MS ? 'next_run' : 'now';
  // The limiter does the waiting, so a retry has only to be made.
  return { error: problem('SOURCE_THROTTLED', 'it is busy or allows no more requests', why, fix, retry) };
}

function refused(problem: Problem, { status, text }: Refusal, heavy: Retry): SyncError {
  const read = readAnswer(text);
  const error = 'value' in read ? wordpressError(read.value) : undefined;
  const why = error
    ? said(status, error)
    : `It answered ${status} with ${'broken' in read ? nameOf(read.broken) : 'other JSON'}.`;
  if (status >= 200 && status < 300) return unreadable(problem, read, why, heavy);
  if (status === 408 || status === 504 || status === 524) {
    return problem('SOURCE_TIMEOUT', 'the answer took too long', why, SLOW, heavy);
  }
  if (UNREACHABLE.has(status)) return problem('SOURCE_DOWN', 'it is not reachable', why, NEXT_RUN, 'now');
  if (status >= 500) return problem('SOURCE_BROKEN', 'its program broke off', why, SLOW, heavy);
  if (!error) return notWordpress(problem, status, why);
  if (status === 401 || status === 403) return denied(problem, status, error, why);
  if (error.code === 'rest_no_route') {
    const fix = 'Install and activate WooCommerce, version 3.5 or later (its REST API is wc/v3).';
    return problem('SOURCE_NO_API', 'WooCommerce is missing or too old', why, fix);
  }
  if (status === 404) return problem('SOURCE_GONE', 'it is no longer there', why);
  return problem('SOURCE_REJECTED', 'it refused the request', why);
}

function unreadable(
  problem: Problem,
  read: ReturnType<typeof readAnswer>,
  why: string,
  heavy: Retry,
): SyncError {
  if ('broken' in read && (read.broken === 'cut off' || read.broken === 'empty')) {
    return problem('SOURCE_CUT_OFF', `the answer was ${read.broken}`, why, SLOW, heavy);
  }
  const what = 'it sent a page for people instead of data: a firewall, a cache or maintenance';
  return problem('SOURCE_ANSWER', what, why, FIREWALL, 'now');
}

function notWordpress(problem: Problem, status: number, why: string): SyncError {
  if (status === 404) {
    const fix =
      'Choose any permalinks but "plain" in WordPress > Settings > Permalinks, see that no plugin turns the REST API off, and that `url` is the address of the shop.';
    return problem('SOURCE_NO_API', 'there is no REST API at /wp-json', why, fix);
  }
  if (status === 401) {
    const fix = 'The web server itself asks for a password: have /wp-json/wc/v3 taken out of it.';
    return problem('SOURCE_KEY_REFUSED', 'it asks for a password of its own', why, fix);
  }
  return problem('SOURCE_BLOCKED', 'something before it turned the request away', why, FIREWALL);
}

function denied(problem: Problem, status: number, { code, message }: WordpressError, why: string): SyncError {
  if (/read permission/i.test(message)) {
    return problem('SOURCE_PERMISSION', 'the key may write but not read', why, KEY);
  }
  if (status === 403 && code.startsWith('woocommerce_rest_')) {
    const what = 'the account of the key may not see that';
    return problem('SOURCE_PERMISSION', what, why, `${KEY} Or leave the part out of \`read\`.`);
  }
  if (status === 403) return problem('SOURCE_BLOCKED', 'a plugin forbids it', why, FIREWALL);
  const fix = `${KEY} If the key is right: the web server takes the Authorization header away, or WordPress does not know that it is reached by https.`;
  return problem('SOURCE_KEY_REFUSED', 'it does not accept the key', why, fix);
}

function moved(problem: Problem, to: URL, host: string): SyncError {
  const what = to.host === host ? 'it leads away from https' : `it leads to ${to.host}`;
  const fix =
    to.host === host
      ? 'Have the shop answer by https at its own address; the key is not sent without.'
      : `Write \`url: ${to.protocol}//${to.host}\` if that is the shop; the key is sent to no other host than \`url\` names.`;
  return problem('SOURCE_MOVED', what, undefined, fix);
}

type WordpressError = { code: string; message: string };

function wordpressError(value: unknown): WordpressError | undefined {
  const { code, message } = (value ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || !/^[\w-]{1,80}$/.test(code)) return undefined;
  return { code, message: typeof message === 'string' ? message : '' };
}

/** WordPress' words without what may be secret or personal: addresses of any kind, keys, numbers, quoted texts. */
function said(status: number, { code, message }: WordpressError): string {
  const bare = message
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/\S*(@|:\/\/|\bc[ks]_)\S*/g, '…')
    .replaceAll(/"[^"]*"|“[^”]*”|(?<![a-z])'[^']*'/gi, '…')
    .replaceAll(/\+?\d[\d\s().-]{4,}\d/g, '…')
    .slice(0, 200);
  return `It answered ${status}, ${code}${bare ? `: ${bare}` : ''}`;
}

function nameOf(broken: string): string {
  return { 'a page': 'a page for people', empty: 'nothing', 'cut off': 'broken JSON' }[broken] ?? 'no JSON';
}

/** Node's name of what happened: `ECONNRESET`, `CERT_HAS_EXPIRED`, `TimeoutError`. */
function codeOf(thrown: unknown): string {
  const { name, cause } = (thrown ?? {}) as { name?: unknown; cause?: { code?: unknown } };
  if (typeof cause?.code === 'string') return cause.code;
  return name === 'TimeoutError' ? name : '';
}
