import { Hono } from 'hono';
import { isTrusted, type Access, type Env } from './access.ts';

export type Health = {
  /** What keeps the daemon from being ready, as sentences; none when it is. */
  troubles(): Promise<string[]>;
  /** The metrics in their text format. */
  scrape(): Promise<{ type: string; text: string }>;
};

/**
 * Answers `/healthz` (the process is alive: 200), `/readyz` (200 or 503) and `/metrics`. What is wrong and what is
 * counted names jobs and files, so only those who are trusted are told.
 */
export function healthRoutes({ troubles, scrape }: Health, access: Access): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/healthz', (context) => context.json({ status: 'alive' }));
  app.get('/readyz', async (context) => {
    const why = await troubles();
    if (why.length === 0) return context.json({ status: 'ready' });
    const told = (await isTrusted(context, access)) ? { why } : {};
    return context.json({ status: 'not ready', ...told }, 503);
  });
  app.get('/metrics', async (context) => {
    if (!(await isTrusted(context, access))) {
      const error = 'Callers from other machines need the `daemon.token` of the settings.';
      return context.json({ error }, 401, { 'www-authenticate': 'Bearer' });
    }
    const { type, text } = await scrape();
    return context.body(text, 200, { 'content-type': type });
  });
  return app;
}
