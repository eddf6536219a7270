import { SyncError } from '../../../connectors/index.ts';

/**
 * Posts a JSON document. Redirects are not followed: they could lead elsewhere, and would lose the body.
 * @throws SyncError `ALERT_REFUSED` where the answer is not 2xx, `ALERT_UNREACHABLE` without one; none names the address
 */
export async function post(
  url: string,
  document: object,
  options: { headers?: Record<string, string>; timeout_ms: number; signal: AbortSignal },
): Promise<void> {
  const body = JSON.stringify(document);
  const { address, headers } = requestTo(url, options.headers);
  const limit = AbortSignal.timeout(options.timeout_ms);
  const signal = AbortSignal.any([options.signal, limit]);
  let response: Response;
  try {
    response = await fetch(address, { method: 'POST', body, headers, redirect: 'manual', signal });
    await response.body?.cancel();
  } catch (error) {
    options.signal.throwIfAborted();
    throw limit.aborted ? tooSlow(options.timeout_ms) : unreachable(error);
  }
  if (!response.ok) throw refused(response.status);
}

/** A user and password in the address travel as a header, as browsers send them. */
function requestTo(url: string, given: Record<string, string> = {}): { address: URL; headers: Headers } {
  const address = new URL(url);
  const headers = new Headers(given);
  headers.set('content-type', 'application/json');
  const { username, password } = address;
  if (username) {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.set('authorization', `Basic ${Buffer.from(login).toString('base64')}`);
    address.username = '';
    address.password = '';
  }
  return { address, headers };
}

/** Its answer may still come, so it is not asked again at once. */
export function tooSlow(timeout_ms: number): SyncError {
  return new SyncError(
    {
      code: 'ALERT_UNREACHABLE',
      what: `It did not answer within ${timeout_ms / 1000} seconds.`,
      fix: 'See whether it is up; raise `timeout` of the channel if it is slow.',
    },
    { retry: 'next_run' },
  );
}

/** A connection that failed; of the cause only its code is told, which names no address. */
export function unreachable(error: unknown): SyncError {
  const code = codeOf(error);
  const told = code ? ` (${code})` : '';
  const certificate = /CERT|SIGNATURE|TLS|SSL/.test(told);
  return new SyncError(
    {
      code: 'ALERT_UNREACHABLE',
      what: certificate ? `Its certificate is not good${told}.` : `It could not be reached${told}.`,
      fix: certificate
        ? 'Mend its certificate, or name the authority that signed it in NODE_EXTRA_CA_CERTS.'
        : 'See whether its address is right and whether it can be reached from this machine.',
    },
    { retry: certificate || code === 'ENOTFOUND' ? 'next_run' : 'now', cause: error },
  );
}

/** The system's own code, which what reports the failure may have put elsewhere. */
function codeOf(error: unknown): string | undefined {
  const { code, originalCode, cause } = (error ?? {}) as Record<string, unknown>;
  const codes = [(cause as { code?: unknown } | undefined)?.code, originalCode, code];
  return codes.find((one): one is string => typeof one === 'string' && /^[A-Z0-9_]+$/.test(one));
}

function refused(status: number): SyncError {
  const [why, fix] = meaningOf(status);
  return new SyncError(
    { code: 'ALERT_REFUSED', what: `It answered with HTTP ${status}${why ? `: ${why}` : ''}.`, fix },
    { retry: status === 429 || status >= 500 ? 'now' : 'next_run' },
  );
}

function meaningOf(status: number): [why: string | undefined, fix: string] {
  if (status >= 300 && status < 400)
    return ['it is elsewhere by now, and alerts follow nowhere', 'Write its new address as `url`.'];
  if (status === 401 || status === 403)
    return ['it does not take these credentials', 'Renew `url` or `headers` of the channel.'];
  if (status === 404 || status === 410)
    return ['nothing is there any more', 'Make a new webhook there and write its address as `url`.'];
  if (status === 429) return ['too many messages', 'Nothing: it is tried again later.'];
  if (status >= 500) return ['it is in trouble', 'See how it is; it is tried again later.'];
  return [undefined, 'See whether `url` leads to what takes such messages.'];
}
