import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';

/** The path of a Chromium of this machine; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const SCREENS = [
  { name: 'phone', width: 390, scheme: 'light' },
  { name: 'phone', width: 390, scheme: 'dark' },
  { name: 'desktop', width: 1280, scheme: 'light' },
  { name: 'desktop', width: 1280, scheme: 'dark' },
] as const;
export type Screen = (typeof SCREENS)[number];

export function openBrowser(path: string): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
}

/** What a page does that it must not. */
export type Faults = { errors: string[]; elsewhere: string[] };

/** A page of a browser with a screen of its own, and what goes wrong on it. */
export async function openPage(
  browser: Browser,
  origin: string,
  { width, scheme }: Pick<Screen, 'width' | 'scheme'>,
): Promise<{ page: Page; faults: Faults }> {
  // A German reader in the dark, so that both ways of writing numbers are seen.
  const locale = scheme === 'dark' ? 'de-DE' : 'en-US';
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, locale });
  const page = await context.newPage();
  const faults: Faults = { errors: [], elsewhere: [] };
  page.on('console', (message) => {
    if (message.type() === 'error') faults.errors.push(message.text());
  });
  page.on('pageerror', ({ message }) => faults.errors.push(message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) faults.elsewhere.push(request.url());
  });
  return { page, faults };
}

/** What is hard on people with other means than sight and mouse, as axe finds it: rule, weight and first place. */
export async function barriers(page: Page): Promise<string[]> {
  // Evaluated beside the page's own scripts, whose policy lets no others in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe.source });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, impact, nodes }) =>
      [impact, id, nodes[0].html.slice(0, 200)].join(' '))))`,
    awaitPromise: true,
  });
  return JSON.parse(String(result.value)) as string[];
}

/** Whether something is wider than the screen, so that the whole page moves sideways. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
}

/** Keeps a picture of the whole page where `SCREENSHOTS` names a folder. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
