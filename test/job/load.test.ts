import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobFiles, loadJob } from '../../src/job/load.ts';
import { JobFileError } from '../../src/job/problems.ts';
import { CANARIES, readJob, SHOP, shopWith } from './shop-job.ts';

let jobs: string;

beforeAll(() => {
  jobs = mkdtempSync(join(tmpdir(), 'jobs-'));
  writeFileSync(join(jobs, 'shop.yaml'), SHOP);
  writeFileSync(join(jobs, 'other.yml'), SHOP.replace('daily-shop', 'outlet'));
  writeFileSync(join(jobs, 'broken.yaml'), 'name: [');
  writeFileSync(join(jobs, 'twin.yaml'), SHOP.replace('daily-shop', 'outlet-2'));
  writeFileSync(join(jobs, 'twin-2.yaml'), SHOP.replace('daily-shop', 'outlet-2'));
  writeFileSync(join(jobs, 'notes.txt'), 'not a job');
});
afterAll(() => rmSync(jobs, { recursive: true }));

const load = (reference: string) => loadJob(reference, { jobs, env: CANARIES });
const failure = (reference: string) =>
  load(reference).catch((error: unknown) => (error as JobFileError).problems);

test('a job file gives its settings with every default filled in', () => {
  const job = readJob(SHOP);

  expect(job).toMatchObject({
    name: 'daily-shop',
    schedule: '0 5 * * *',
    catch_up: 'once',
    timezone: 'Europe/Bucharest',
    currency: 'EUR',
    exchange_rates: { RON: '0.2' },
    segments: {
      lifecycle: { model: 'mbg_nbd', horizon: 365, at_risk_below: 0.6, lost_below: 0.25, top_share: 0.2 },
      value_engagement: {
        value: { cuts: 'quantiles', at: [0.3333, 0.6667], window: 365 },
        engagement: { cuts: 'quantiles', at: [0.3333, 0.6667] },
      },
    },
    file: 'config/jobs/shop.yaml',
    folder: resolve('config/jobs'),
  });
  expect(job.destinations.map(({ name, consent }) => [name, consent])).toEqual([
    ['mailchimp', 'required'],
    ['facebook', 'not_refused'],
    ['csv', 'ignore'],
  ]);
});

test('connectors get their own settings, without those that belong to the job', () => {
  const [mailchimp] = readJob(SHOP).destinations;

  expect(mailchimp?.settings).toEqual({
    api_key: 'canary-mailchimp-us19',
    list_id: '4ca5becb8d',
    new_contacts: 'skip',
  });
  expect(mailchimp?.definition.type).toBe('mailchimp');
});

test('audiences stand in the order of the file, with patterns expanded and names filled in', () => {
  const [mailchimp, facebook, csv] = readJob(SHOP).destinations;

  expect(mailchimp?.audiences[0]).toEqual({
    segment: 'value_engagement.true_champions',
    name: 'VE: True Champions',
  });
  expect(mailchimp?.audiences).toHaveLength(7);
  expect(facebook?.audiences).toEqual([
    { segment: 'lifecycle.at_risk', name: 'At risk' },
    { segment: 'lifecycle.top', name: 'Top' },
  ]);
  expect(csv?.audiences).toHaveLength(11);
});

test('a second destination of a type gets a number that no other destination has', () => {
  const more = ['name: csv-2\n    type: csv', 'type: csv']
    .map((head, index) => `  - ${head}\n    path: out${index}\n    audiences: [{ segment: "*" }]\n`)
    .join('');

  expect(readJob(SHOP + more).destinations.map(({ name }) => name)).toEqual([
    'mailchimp',
    'facebook',
    'csv',
    'csv-2',
    'csv-3',
  ]);
});

test('without segments both models are computed, with segments only those it names', () => {
  const none = SHOP.replace(/segments:\n.*\n.*\n/, '');
  const one = shopWith('  value_engagement: {}\n', '').replace('value_engagement.*', 'lifecycle.*');

  expect(Object.keys(readJob(none).segments)).toEqual(['lifecycle', 'value_engagement']);
  expect(Object.keys(readJob(one).segments)).toEqual(['lifecycle']);
});

test('cuts may be fixed amounts and ages', () => {
  const cuts =
    '{ value: { cuts: absolute, at: [50, 199.5] }, engagement: { cuts: absolute, at: [30d, 180] } }';

  const tiers = '{ cuts: absolute, at: [0.5, 1000] }';

  const { value_engagement, value_tier } = readJob(
    shopWith('value_engagement: {}', `value_engagement: ${cuts}\n  value_tier: ${tiers}`),
  ).segments;

  expect(value_engagement?.value).toEqual({ cuts: 'absolute', at: [50, 199.5], window: 365 });
  expect(value_engagement?.engagement).toEqual({ cuts: 'absolute', at: [30, 180] });
  expect(value_tier).toEqual({ cuts: 'absolute', at: [0.5, 1000] });
});

test('a source keeps its key while it reads the same thing, and two sources have two', () => {
  const keys = readJob(SHOP).sources.map(({ key }) => key);
  const changed = readJob(shopWith('dates: dmy', 'dates: mdy')).sources.map(({ key }) => key);
  const moved = readJob(shopWith('../old-shop/', '../new-shop/')).sources.map(({ key }) => key);

  expect(new Set(keys).size).toBe(2);
  expect(changed).toEqual(keys);
  expect(moved[1]).not.toBe(keys[1]);
});

test('an exchange rate stays a decimal, however small', () => {
  expect(readJob(shopWith('RON: 0.2', 'VND: 0.000000037')).exchange_rates).toEqual({ VND: '0.000000037' });
});

test('a job is found by path, by file name and by its own name', async () => {
  expect((await load(join(jobs, 'shop.yaml'))).name).toBe('daily-shop');
  expect((await load('shop')).file).toBe(join(jobs, 'shop.yaml'));
  expect((await load('daily-shop')).file).toBe(join(jobs, 'shop.yaml'));
  expect((await load('outlet')).folder).toBe(jobs);
});

test('a job that is not there is answered with the places looked at and the jobs there are', async () => {
  expect(await failure('outlett')).toEqual([
    {
      code: 'CONFIG_MISSING_FILE',
      what: 'There is no job "outlett".',
      why: expect.stringContaining(`${join(jobs, 'outlett.yaml')}, ${join(jobs, 'outlett.yml')}`),
      fix: expect.stringMatching(/^Did you mean "outlet"\? Jobs there: broken, /),
    },
  ]);
  expect(await failure('nowhere/shop.yaml')).toMatchObject([{ what: 'There is no file nowhere/shop.yaml.' }]);
});

test('a name that two files have is refused', async () => {
  expect(await failure('outlet-2')).toMatchObject([
    { code: 'CONFIG_DUPLICATE', what: expect.stringContaining('twin-2.yaml') },
  ]);
});

test('the jobs of a folder are its YAML files; a missing folder has none', async () => {
  const names = ['broken.yaml', 'other.yml', 'shop.yaml', 'twin-2.yaml', 'twin.yaml'];

  expect(await jobFiles(jobs)).toEqual(names.map((name) => join(jobs, name)));
  expect(await jobFiles(join(jobs, 'missing'))).toEqual([]);
});
