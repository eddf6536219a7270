import { SyncError } from '../../../connectors/index.ts';
import type { AlertChannel, Smtp } from '../../job/alert-settings.ts';
import { tooSlow, unreachable } from './post.ts';

type EmailChannel = Extract<AlertChannel, { type: 'email' }>;

const PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

/**
 * Sends a mail in plain text.
 * @returns how many of the recipients the server did not take, while it took others
 * @throws SyncError `ALERT_REFUSED` where the server takes it for nobody, `ALERT_UNREACHABLE`; none names an address
 */
export async function sendMail(
  { to, from, smtp, timeout }: EmailChannel,
  mail: { subject: string; text: string },
  signal: AbortSignal,
): Promise<{ refused: number }> {
  signal.throwIfAborted();
  const { createTransport } = await import('nodemailer');
  const timeout_ms = timeout * 1000;
  const limits = { connectionTimeout: timeout_ms, greetingTimeout: timeout_ms, socketTimeout: timeout_ms };
  const transport = createTransport({
    ...connectionOf(smtp),
    ...limits,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const stop = () => transport.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // What answers a mail by itself shall leave this one alone.
    const headers = { 'Auto-Submitted': 'auto-generated' };
    const { rejected } = await transport.sendMail({ from, to, ...mail, headers });
    return { refused: rejected.length };
  } catch (error) {
    signal.throwIfAborted();
    throw explained(error, timeout_ms);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

/** A login is never sent in the clear to another machine; what runs on this one may have any certificate, or none. */
function connectionOf(smtp: Smtp) {
  const { host, port, user, password, tls } = typeof smtp === 'string' ? fromUrl(smtp) : smtp;
  const here = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
  return {
    host,
    port: port ?? PORTS[tls === 'offered' ? 'starttls' : tls],
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user ? { auth: { user, pass: password ?? '' } } : {}),
    tls: { rejectUnauthorized: !here },
  };
}

function fromUrl(text: string) {
  const { protocol, hostname, port, username, password } = new URL(text);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const user = decodeURIComponent(username);
  const open = user && !/^(localhost|127\.)/.test(host) ? ('starttls' as const) : ('offered' as const);
  return {
    host,
    port: port ? Number(port) : undefined,
    user,
    password: decodeURIComponent(password),
    tls: protocol === 'smtps:' ? ('implicit' as const) : open,
  };
}

/** The server's words may quote addresses and names, so only its codes are told. */
function explained(error: unknown, timeout_ms: number): SyncError {
  const { code = '', responseCode } = error as { code?: string; responseCode?: number };
  if (code === 'ETIMEDOUT') return tooSlow(timeout_ms);
  const words = WORDS[code];
  if (!words) return unreachable(error);
  const answer = responseCode ? ` (SMTP ${responseCode})` : '';
  const again = responseCode !== undefined && responseCode >= 400 && responseCode < 500;
  const [what, fix] = words;
  return new SyncError(
    { code: 'ALERT_REFUSED', what: `${what}${answer}.`, fix },
    { retry: again ? 'now' : 'next_run', cause: error },
  );
}

const WORDS: Record<string, [what: string, fix: string]> = {
  EAUTH: ['The mail server refused the login', 'Correct user and password in `smtp` of the channel.'],
  ENOAUTH: ['The mail server wants a login', 'Write user and password into `smtp` of the channel.'],
  EENVELOPE: [
    'The mail server takes no mail from `from`, or none for `to`',
    'Look at both addresses, and at whether that server may send for them.',
  ],
  EMESSAGE: ['The mail server did not take the mail', 'Look at its log.'],
  ETLS: [
    'The connection to the mail server could not be encrypted',
    'Look at its certificate, at the port and at `tls`.',
  ],
};
