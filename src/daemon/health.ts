import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Answers `/healthz` (the process is alive) and `/readyz` (it can do its work).
 * @param ready resolves to what is wrong, or to undefined
 * @returns the port and how to stop
 */
export async function serveHealth(
  at: { port: number; host: string },
  ready: () => Promise<string | undefined>,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', ready).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
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
  path: string,
  ready: () => Promise<string | undefined>,
): Promise<{ status: number; body: object }> {
  if (path === '/healthz') return { status: 200, body: { status: 'alive' } };
  if (path !== '/readyz') return { status: 404, body: { error: 'There are /healthz and /readyz.' } };
  const wrong = await ready();
  return wrong
    ? { status: 503, body: { status: 'not ready', why: wrong } }
    : { status: 200, body: { status: 'ready' } };
}
