import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Access } from './access.ts';
import { webApp } from './app.ts';
import type { Health } from './health.ts';
import type { Site } from './site.ts';

export type WebOptions = { port: number; host: string; site: Site; health: Health; access: Access };

/**
 * Serves the page, and what watches the daemon.
 * @returns the port and how to stop
 */
export async function serveWeb(options: WebOptions): Promise<{ port: number; close(): Promise<void> }> {
  const { port, host, site, health, access } = options;
  const server = createAdaptorServer({ fetch: webApp(site, health, access).fetch });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
