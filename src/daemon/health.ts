import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';

type HealthOptions = {
  port: number;
  host: string;
  /** What callers from other machines must show to be told more than yes or no. */
  token: string | undefined;
  /** What keeps the daemon from being ready, as sentences; none when it is. */
  troubles(): Promise<string[]>;
};

/**
 * Answers `/healthz` (the process is alive: 200) and `/readyz` (200 or 503). What is wrong names jobs and files, so only
 * callers on this machine, or with the token, are told.
 * @returns the port and how to stop
 */
export async function serveHealth(options: HealthOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request, options).then(({ status, body }) => {
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  { token, troubles }: HealthOptions,
): Promise<{ status: number; body: object }> {
  const { pathname } = new URL(request.url ?? '/', 'http://daemon');
  if (pathname === '/healthz') return { status: 200, body: { status: 'alive' } };
  if (pathname !== '/readyz') return { status: 404, body: { error: 'There are /healthz and /readyz.' } };
  const why = await troubles();
  if (why.length === 0) return { status: 200, body: { status: 'ready' } };
  const trusted = isLocal(request) || (token !== undefined && shows(request, token));
  return { status: 503, body: { status: 'not ready', ...(trusted ? { why } : {}) } };
}

/** A page of another site that a browser here shows could ask under that site's name, so the name has to be ours too. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLoopback(socket.remoteAddress ?? '') && (name === 'localhost' || isLoopback(name));
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** Compares digests, which are of one length, in a time that tells nothing. */
function shows({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}
