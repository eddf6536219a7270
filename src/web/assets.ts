import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { paletteCss } from '../report/pictures/palette.ts';
import type { Env } from './access.ts';

const PALETTE = `:root { ${paletteCss('light')} }
@media (prefers-color-scheme: dark) { :root { ${paletteCss('dark')} } }
`;

/** The style sheet, the script and the icon; a browser asks each time whether they are still the same. */
export function assetRoutes(): Hono<Env> {
  const app = new Hono<Env>();
  const read = (name: string) => readFile(new URL(`assets/${name}`, import.meta.url), 'utf8');
  const serve = (name: string, type: string, before = '') =>
    app.get(`/${name}`, etag(), async (context) =>
      context.body(before + (await read(name)), 200, { 'content-type': type, 'cache-control': 'no-cache' }),
    );
  serve('style.css', 'text/css; charset=utf-8', PALETTE);
  serve('page.js', 'text/javascript; charset=utf-8');
  serve('icon.svg', 'image/svg+xml');
  return app;
}
