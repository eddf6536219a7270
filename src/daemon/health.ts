import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isTrusted } from './access.ts';

type HealthOptions = {
  port: number;
  host: string;
  /** What callers from other machines must show to be told more than yes or no. */
  token: string | undefined;
  /** What keeps the daemon from being ready, as sentences; none when it is. */
  troubles(): Promise<string[]>;
  /** The metrics in their text format. */
  scrape(): Promise<{ type: string; text: string }>;
};

type Answer = { status: number; headers?: Record<string, string>; body: object | string };

/**
 * Answers `/healthz` (the process is alive: 200), `/readyz` (200 or 503) and `/metrics`. What is wrong and what is
 * counted names jobs and files, so only callers on this machine, or with the token, are told.
 * @returns the port and how to stop
 */
export async function serveHealth(options: HealthOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request, options)
      .catch((): Answer => ({ status: 500, body: { error: 'This could not be answered.' } }))
      .then(({ status, headers, body }) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const usual = { 'content-type': 'application/json', 'cache-control': 'no-store' };
        response.writeHead(status, { ...usual, ...headers }).end(text);
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

async function answer(request: IncomingMessage, { token, troubles, scrape }: HealthOptions): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://daemon');
  const trusted = isTrusted(request, token);
  switch (pathname) {
    case '/healthz':
      return { status: 200, body: { status: 'alive' } };
    case '/readyz': {
      const why = await troubles();
      if (why.length === 0) return { status: 200, body: { status: 'ready' } };
      return { status: 503, body: { status: 'not ready', ...(trusted ? { why } : {}) } };
    }
    case '/metrics': {
      if (!trusted) return UNAUTHORIZED;
      const { type, text } = await scrape();
      return { status: 200, headers: { 'content-type': type }, body: text };
    }
    default:
      return { status: 404, body: { error: 'There are /healthz, /readyz and /metrics.' } };
  }
}

const UNAUTHORIZED: Answer = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer' },
  body: { error: 'Callers from other machines need the `daemon.token` of the settings.' },
};
