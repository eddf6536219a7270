import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { start, stopped, type Daemon } from '../daemon/daemon-process.ts';
import { openShop, type Shop } from '../end-to-end/shop.ts';
import {
  barriers,
  findChromium,
  isTooWide,
  keepScreenshot,
  openBrowser,
  openPage,
  SCREENS,
} from './browser.ts';

const chromium = findChromium();
if (!chromium) console.warn('No Chromium on this machine: the pages are not tested in a browser.');

const LAST_DAY = '2026-11-15';
const AT_MOST_BYTES = 200_000;
const DESKTOP = { width: 1280, scheme: 'light' } as const;
const KEYS = { MAILCHIMP_API_KEY: 'sandbox-us1', KLAVIYO_API_KEY: 'sandbox', META_ACCESS_TOKEN: 'sandbox' };

describe.skipIf(!chromium)('in a browser', { timeout: 300_000 }, () => {
  const closing: (() => Promise<void>)[] = [];
  let browser: Browser;
  let shop: Shop;
  let filled: Daemon;
  let empty: Daemon;
  const origin = ({ port }: Daemon) => `http://127.0.0.1:${port}`;

  beforeAll(async () => {
    browser = await openBrowser(chromium!);
    shop = await openShop({ env: KEYS, atEnd: (close) => void closing.push(close) });
    await mkdir(join(shop.folder, 'jobs'));
    await mkdir(join(shop.folder, 'config'));
    const demo = await readFile('config/jobs/demo.yaml', 'utf8');
    const here = demo
      .replaceAll('../sample', resolve('config/sample'))
      .replace('../../out', '../out')
      .replace('timezone:', "schedule: '0 5 1 1 *'\ntimezone:");
    await shop.write('jobs/demo.yaml', here);
    await shop.json('run', 'demo', '--jobs', 'jobs', '--as-of', LAST_DAY);
    await shop.json('segments', 'demo', '--jobs', 'jobs', '--backfill', '2');
    // Months later nobody has bought again, so that nearly everybody would move.
    await shop.json('run', 'demo', '--jobs', 'jobs', '--as-of', '2027-06-30');
    await shop.write('config/settings.yaml', 'daemon: { token: a-token-of-some-length }\n');
    filled = await start(shop);
    empty = await start(shop, '--state', join(shop.folder, 'empty'));
    // A page that is asked for while months are compared loads itself anew at their end.
    await vi.waitUntil(async () => !(await goesOn(filled)), { timeout: 120_000, interval: 200 });
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([filled, empty].map((daemon) => daemon && stopped(daemon.process)));
    for (const close of closing) await close();
  });

  async function goesOn(daemon: Daemon): Promise<boolean> {
    const answer = await fetch(`${origin(daemon)}/jobs/demo`, { headers: { accept: 'text/html' } });
    return (await answer.text()).includes('data-running="true"');
  }

  const PAGES = {
    jobs: '/',
    segments: '/jobs/demo',
    segment: '/jobs/demo/segments/value_engagement.true_champions',
    audiences: '/jobs/demo/audiences',
    runs: '/jobs/demo/runs',
    customer: '/jobs/demo/customer',
    held: '/jobs/demo/held',
    file: '/jobs/demo/file',
    login: '/login',
    missing: '/jobs/demo/nothing',
  };

  describe.each(SCREENS)('on a $scheme $name', (screen) => {
    test.each(Object.entries(PAGES))('%s of the sample shop', async (name, path) => {
      await look(filled, path, `sample-${name}`, name === 'missing' ? 404 : 200);
    });
    test.each(
      Object.entries(PAGES).filter(([name]) => !['missing', 'segment', 'file', 'login'].includes(name)),
    )('%s of an empty store', async (name, path) => {
      await look(empty, path, `empty-${name}`, 200);
    });

    // One page for each store: a browser takes longer to open one, and to learn its tests, than to look.
    const opened = new Map<Daemon, ReturnType<typeof openPage>>();
    afterAll(async () => {
      for (const { page } of await Promise.all(opened.values())) await page.context().close();
    });

    async function look(daemon: Daemon, path: string, name: string, status: number): Promise<void> {
      if (!opened.has(daemon)) opened.set(daemon, openPage(browser, origin(daemon), screen));
      const { page, faults } = await opened.get(daemon)!;
      for (const list of Object.values(faults)) list.length = 0;
      const answer = await page.goto(origin(daemon) + path);
      await keepScreenshot(page, `${name}-${screen.name}-${screen.scheme}`);
      const found = {
        status: answer?.status(),
        barriers: await barriers(page),
        wide: await isTooWide(page),
        elsewhere: faults.elsewhere,
        errors: status === 404 ? [] : faults.errors,
      };
      expect(found).toEqual({ status, barriers: [], wide: false, elsewhere: [], errors: [] });
    }
  });

  test('a page with all it needs is below 200 kB', async () => {
    const { page } = await openPage(browser, origin(filled), DESKTOP);
    const sizes: Promise<number>[] = [];
    page.on('requestfinished', (request) =>
      sizes.push(
        request
          .sizes()
          .then(({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize),
      ),
    );
    await page.goto(`${origin(filled)}/jobs/demo`, { waitUntil: 'networkidle' });
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length).toBeGreaterThan(2);
    expect(bytes).toBeLessThan(AT_MOST_BYTES);
    await page.context().close();
  });

  test('the map leads to a segment, by keyboard alone', async () => {
    const { page } = await openPage(browser, origin(filled), DESKTOP);
    await page.goto(`${origin(filled)}/jobs/demo`);
    const cell = page.locator('figure .wide a[href*="spenders_at_risk"]').first();
    await cell.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/segments/value_engagement.spenders_at_risk');
    expect(await page.locator('h1').textContent()).toBe('Spenders at Risk');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download as CSV')]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^"?email"?,/);
    await page.context().close();
  });

  test('a run is shown by itself, from the list', async () => {
    for (const screen of SCREENS) {
      const { page, faults } = await openPage(browser, origin(filled), screen);
      await page.goto(`${origin(filled)}/jobs/demo/runs`);
      await page.click('tbody th a');
      await page.waitForSelector('h2:has-text("Stages")');
      await keepScreenshot(page, `sample-run-${screen.name}-${screen.scheme}`);
      expect([await barriers(page), await isTooWide(page), faults]).toEqual([
        [],
        false,
        { errors: [], elsewhere: [] },
      ]);
      await page.context().close();
    }
  });

  test('a job file that is broken meanwhile shows on the first page, and its errors beside the lines', async () => {
    const good = await readFile(join(shop.folder, 'jobs/demo.yaml'), 'utf8');
    await shop.write(
      'jobs/other.yaml',
      good.replace('name: demo', 'name: other').replace('currency:', 'curency:'),
    );
    await filled.logged('job file cannot be used', 1);
    for (const screen of SCREENS) {
      const { page, faults } = await openPage(browser, origin(filled), screen);
      await page.goto(origin(filled));
      await keepScreenshot(page, `broken-jobs-${screen.name}-${screen.scheme}`);
      const first = await barriers(page);
      await page.click('text=other.yaml');
      await page.waitForSelector('.wrong');
      await keepScreenshot(page, `broken-file-${screen.name}-${screen.scheme}`);
      expect(await page.locator('.wrong').first().textContent()).toContain('currency');
      expect([first, await barriers(page), await isTooWide(page), faults.errors]).toEqual([
        [],
        [],
        false,
        [],
      ]);
      await page.context().close();
    }
    await rm(join(shop.folder, 'jobs/other.yaml'));
  });

  test('a customer is found, and stands in no address', async () => {
    const file = await readFile(join(shop.folder, 'out/demo/Top.csv'), 'utf8');
    const [top] = parse<{ email: string }>(file, { columns: true });
    const { page, faults } = await openPage(browser, origin(filled), DESKTOP);
    await page.goto(`${origin(filled)}/jobs/demo/customer`);
    await page.fill('#who', top!.email);
    await page.keyboard.press('Enter');
    await page.waitForSelector('h2:has-text("Orders")');
    expect(page.url()).not.toContain('%40');
    expect(page.url()).not.toContain('@');
    await keepScreenshot(page, 'sample-explained-desktop-light');
    expect(await barriers(page)).toEqual([]);
    expect(faults.errors).toEqual([]);
    await page.context().close();
  });

  test('the held plan is sent by its button; the page follows, and shows the end', async () => {
    const { page, faults } = await openPage(browser, origin(filled), DESKTOP);
    await page.goto(`${origin(filled)}/jobs/demo`);
    await page.click('nav >> text=Held plan');
    await page.click('text=Approve and send this plan');
    await page.waitForSelector('text=Sending the held plan goes on');
    await page.waitForSelector('h2:has-text("Nothing waits")', { timeout: 240_000 });
    await page.click('nav >> text=Runs');
    expect(await page.locator('tbody tr').first().textContent()).toContain('done');
    expect(faults).toEqual({ errors: [], elsewhere: [] });
    const { held, last } = await shop.json<{ held: unknown; last: unknown }>(
      'status',
      'demo',
      '--jobs',
      'jobs',
    );
    expect(held).toBeNull();
    expect(last).toMatchObject({ status: 'done', as_of: '2027-06-30' });
    await page.context().close();
  });
});
