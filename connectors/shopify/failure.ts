import { SyncError, type ErrorCode, type Retry } from '../error.ts';
import type { Failure } from '../retry.ts';
import { NoRoom } from './pace.ts';
import { API_VERSION } from './queries.ts';
import type { GraphError } from './replies.ts';

/** An answer that is no result: its status, and what of its text may be told. */
export class Answered extends Error {
  readonly status: number;
  readonly said?: string;
  readonly wait_ms?: number;
  constructor(status: number, said?: string, wait_ms?: number) {
    super(`HTTP ${status}`);
    this.status = status;
    this.said = said;
    this.wait_ms = wait_ms;
  }
}

/** Errors of GraphQL, which come in a 200. */
export class Refused extends Error {
  readonly errors: GraphError[];
  constructor(errors: GraphError[]) {
    super('The query was refused.');
    this.errors = errors;
  }
  has(code: string): boolean {
    return this.errors.some(({ extensions }) => extensions?.code === code);
  }
}

/** A page that would cost more points than one query may: it has to be smaller. */
export class TooDear extends Error {}

type Verdict = { code: ErrorCode; retry: Retry; what: string; why?: string; fix: string };

const KEY_FIX =
  'For an app made in the shop, install it again and set its new `access_token`; for one of the Dev Dashboard, copy client id and secret from its settings.';

/**
 * What a failed call means for us. Nothing of an answer travels on but its status, its error code and a scrubbed
 * sentence; Shopify's answers may hold people's data, and what fetch throws holds addresses.
 */
export function explain(thrown: unknown, shop: string): Failure {
  if (thrown instanceof SyncError) return { error: thrown };
  if (thrown instanceof Answered) {
    return { error: problem(shop, onStatus(thrown, shop)), wait_ms: thrown.wait_ms };
  }
  if (thrown instanceof Refused) return { error: problem(shop, onErrors(thrown)) };
  if (thrown instanceof NoRoom)
    return { error: problem(shop, throttled('Its bucket of points stays empty.')) };
  return { error: problem(shop, { ...down, why: 'It did not answer, or its answer broke off.' }) };
}

export function problem(shop: string, verdict: Verdict): SyncError {
  const { retry, ...said } = verdict;
  return new SyncError({ where: `shopify ${shop}`, ...said }, { retry });
}

const down: Verdict = {
  code: 'SOURCE_DOWN',
  retry: 'now',
  what: 'Shopify cannot be reached, or does not answer as it should.',
  fix: 'Nothing to do if it passes: the next run goes on from here. Else look at shopifystatus.com, or at the proxy.',
};

function throttled(why: string): Verdict {
  return {
    code: 'SOURCE_THROTTLED',
    retry: 'next_run',
    what: 'Shopify lets this app ask nothing for too long.',
    why,
    fix: 'Nothing to do if it passes: the next run goes on from here. Else see what else uses the same app.',
  };
}

function onStatus({ status, said }: Answered, shop: string): Verdict {
  const why = said ? `Shopify says: "${said}" (HTTP ${status}).` : `HTTP ${status}.`;
  if (status === 401) {
    return {
      code: 'SOURCE_KEY_REFUSED',
      retry: 'never',
      what: 'Shopify does not accept the access token.',
      why,
      fix: KEY_FIX,
    };
  }
  if (status === 404 || (status >= 300 && status < 400)) {
    return {
      code: 'SOURCE_NOT_FOUND',
      retry: 'never',
      what: `Shopify knows no shop ${shop}, or no API version ${API_VERSION} of it.`,
      why,
      fix: 'Set `shop` to the name in the address of the admin (admin.shopify.com/store/NAME), not to the shop’s own domain.',
    };
  }
  if (status === 402 || status === 423) {
    return {
      code: 'SOURCE_CLOSED',
      retry: 'next_run',
      what: status === 402 ? 'The shop is frozen: a bill of Shopify is unpaid.' : 'The shop is locked.',
      why,
      fix: 'Its owner has to settle that with Shopify.',
    };
  }
  if (status === 403) {
    return {
      code: 'SOURCE_PERMISSION',
      retry: 'never',
      what: 'Shopify refuses the app.',
      why,
      fix: 'See that the app is installed in this shop and has the scopes of the README.',
    };
  }
  if (status === 429 || status === 430) return { ...throttled(why), retry: 'now' };
  if (status >= 500 || status === 408 || status === 200) return { ...down, why };
  return unexpected(why);
}

function unexpected(why: string): Verdict {
  return {
    code: 'SOURCE_ANSWER',
    retry: 'never',
    what: 'Shopify answered what this program does not know.',
    why,
    fix: `See whether a newer version of this program reads a newer API than ${API_VERSION}; else report it.`,
  };
}

function onErrors(refused: Refused): Verdict {
  const [first] = refused.errors;
  const why = `Shopify says: "${scrub(first?.message ?? '')}".`;
  if (refused.has('THROTTLED')) return throttled(why);
  if (refused.has('ACCESS_DENIED')) {
    return {
      code: 'SOURCE_PERMISSION',
      retry: 'never',
      what: 'The app may not read what it needs.',
      why,
      fix: 'Give it the scopes of the README and install it again; `check` says which are missing.',
    };
  }
  if (refused.has('SHOP_INACTIVE')) {
    return {
      code: 'SOURCE_CLOSED',
      retry: 'next_run',
      what: 'The shop is not active.',
      why,
      fix: 'Its owner has to open it, or take this source out of the job.',
    };
  }
  if (refused.has('INTERNAL_SERVER_ERROR') || refused.has('TIMEOUT')) return { ...down, why };
  return unexpected(why);
}

/** Shopify may quote what it was sent or holds: anything like a token, an address or a number of a person is masked. */
export function scrub(said: string): string {
  return said.replace(/[\w-]{24,}|\S+(@|%40)\S+|\+?\(?\d([\s()./-]*\d){6,}/g, '…').slice(0, 200);
}
