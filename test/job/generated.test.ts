import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { check } from 'prettier';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { settingsTables } from '../../src/job/docs.ts';
import { generated, jobSchema } from '../../src/job/json-schema.ts';
import { jobFiles } from '../../src/job/load.ts';
import { SHOP, shopWith } from './shop-job.ts';

const ajv = new Ajv({ allowUnionTypes: true, allErrors: true, strictTuples: false });
ajv.addVocabulary(['secret']);
(addFormats as unknown as (ajv: Ajv) => void)(ajv);
const accepts = ajv.compile(jobSchema());

test('an editor accepts every job of the folder and the one of the tests', async () => {
  const files = await jobFiles('config/jobs');
  const texts = files.map((file) => readFileSync(file, 'utf8'));

  expect(files.length).toBeGreaterThan(0);
  for (const text of [SHOP, ...texts]) {
    accepts(parse(text));
    expect(accepts.errors).toBe(null);
  }
});

test('an editor takes a secret wherever a text is asked for, also where the text has a form', () => {
  accepts(parse(shopWith('list_id: 4ca5becb8d', 'list_id: x\n    base_url: ${SANDBOX_URL}')));

  expect(accepts.errors).toBe(null);
});

test.for([
  ['an unknown setting', shopWith('schedule', 'schedul')],
  ['an unknown setting of a destination', shopWith('list_id: 4ca5becb8d', 'list_id: x\n    lists: y')],
  ['a missing setting', shopWith('currency: EUR\n', '')],
  ['a wrong form', shopWith('top_share: 0.2', 'lost_after: ninety')],
  ['a wrong choice', shopWith('dates: dmy', 'dates: dym')],
] as const)('an editor refuses %s', ([, text]) => {
  expect(accepts(parse(text))).toBe(false);
});

test('the generated files are fresh', () => {
  for (const { path, content } of generated()) expect(readFileSync(path, 'utf8'), path).toBe(content);
});

test('what is generated is formatted as the formatter would', async () => {
  const [schema] = generated();

  expect(await check(schema!.content, { parser: 'json', printWidth: 110 })).toBe(true);
  for (const { table } of settingsTables())
    expect(await check(`${table}\n`, { parser: 'markdown', printWidth: 110 })).toBe(true);
});

test('the tables hold every connector, its settings, their defaults and which are secret', () => {
  const tables = new Map(settingsTables().map(({ name, table }) => [name, table]));

  for (const name of ['job', 'source_csv', 'destination_mailchimp', 'alerts_email', 'settings'])
    expect([...tables.keys()]).toContain(name);
  expect(tables.get('segments')).toMatch(/\| `lifecycle\.horizon` +\| text +\| `365d` +\|/);
  expect(tables.get('destination_klaviyo')).toMatch(/\| `api_key` +\| text, secret +\| required +\|/);
});
