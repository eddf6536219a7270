import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { destinations, sources } from '../../connectors/index.ts';
import { parseJob } from '../../src/job/load.ts';
import { CANARIES, FILE, problemsOf, readJob, SHOP, shopWith } from './shop-job.ts';

const KEY = '${MAILCHIMP_API_KEY}';

test('a secret comes from the environment, whole or as a part of a value', () => {
  const job = readJob(shopWith(KEY, '${KEY}-${CENTRE}'), { ...CANARIES, KEY: 'abc', CENTRE: 'us7' });

  expect(job.destinations[0]?.settings).toMatchObject({ api_key: 'abc-us7' });
});

test('a secret comes from a file, less its last line break, with a path relative to the job file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  writeFileSync(join(folder, 'key'), 'from-file-us1\n');

  const job = parseJob(shopWith(KEY, '${file:key}'), { file: join(folder, 'shop.yaml'), env: CANARIES });

  rmSync(folder, { recursive: true });
  expect(job.destinations[0]?.settings).toMatchObject({ api_key: 'from-file-us1' });
});

test('a missing secret is answered with where it was looked for and which similar names are there', () => {
  const env = { MAILCHIMP_KEY: 'canary-a', META_ACCESS_TOKEN: 'canary-b', PATH: '/bin', HOME: '/root' };

  expect(problemsOf(SHOP, env)).toEqual([
    {
      code: 'CONFIG_MISSING_SECRET',
      where: `${FILE}:25:14 destinations[0].api_key`,
      what: '${MAILCHIMP_API_KEY} has no value.',
      why: 'Looked in the environment of this process, where it is not set. Similar names there: MAILCHIMP_KEY.',
      fix: expect.stringContaining('${file:/run/secrets/mailchimp_api_key}'),
    },
  ]);
});

test('a secret that is set but empty, an absent file and a name that cannot be are told apart', () => {
  const empty = problemsOf(SHOP, { ...CANARIES, MAILCHIMP_API_KEY: '' });
  const absent = problemsOf(shopWith(KEY, '${file:/nowhere/key}'));
  const folder = problemsOf(shopWith(KEY, '${file:/}'));
  const nonsense = problemsOf(shopWith(KEY, '${mail key}'));

  expect(empty).toMatchObject([{ why: expect.stringContaining('set but empty') }]);
  expect(absent).toMatchObject([{ why: 'Looked at /nowhere/key. The file is not there.' }]);
  expect(folder).toMatchObject([{ why: 'Looked at /. The file is a folder.' }]);
  expect(nonsense).toMatchObject([{ what: '${mail key} names neither a variable nor a file.' }]);
});

test('the values of secret settings are handed over for masking, also when the file is wrong', () => {
  const secrets = new Set<string>();
  const wrong = shopWith('daily-shop', 'Daily Shop').replace('${META_ACCESS_TOKEN}', 'written-plainly');

  expect(() => parseJob(wrong, { file: FILE, env: CANARIES, secrets })).toThrow();
  expect([...secrets]).toEqual(['canary-mailchimp-us19', 'written-plainly']);
});

test('what is filled in elsewhere is no secret: an address stays readable', () => {
  const secrets = new Set<string>();
  const text = shopWith('4ca5becb8d', '${LIST}');

  parseJob(text, { file: FILE, env: { ...CANARIES, LIST: '4ca5becb8d' }, secrets });

  expect([...secrets]).not.toContain('4ca5becb8d');
});

test('no error shows a secret, whatever is wrong with the file', () => {
  const cases = [
    problemsOf(shopWith('daily-shop', `Shop ${KEY}`)),
    problemsOf(shopWith('api_key', 'api_kee')),
    problemsOf(shopWith('"0 5 * * *"', KEY)),
    problemsOf(shopWith('act_123', '${META_ACCESS_TOKEN}')),
    problemsOf(SHOP, { ...CANARIES, MAILCHIMP_API_KEY: 'canary without centre' }),
    problemsOf(shopWith(KEY, '[canary-plain]')),
    problemsOf(shopWith(KEY, 'canary-plain: no')),
    problemsOf(shopWith(`${KEY}\n`, 'canary-plain\n   canary\n')),
    problemsOf(shopWith('"value_engagement.*"', `"${KEY}"`)),
    problemsOf(shopWith('VE: {label}', KEY)),
  ];

  for (const problems of cases) {
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain('canary');
  }
});

test('a connector whose own rule quotes what it refuses does not give a secret away', () => {
  const { mailchimp } = destinations;
  const api_key = z.string().refine(() => false, { error: ({ input }) => `${String(input)} is refused` });
  const quoting = { ...mailchimp!, settings: z.strictObject({ api_key, list_id: z.string() }) };
  const connectors = { sources, destinations: { ...destinations, mailchimp: quoting } };

  expect(problemsOf(SHOP, CANARIES, connectors)).toMatchObject([
    { what: expect.stringMatching(/^\*\*\* is refused/) },
  ]);
});

test('a damaged file is refused with places and without secrets, or read; never anything else', () => {
  const cut = fc.tuple(fc.nat(SHOP.length), fc.nat(30), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(cut, ([start, length, other]) => {
      const problems = problemsOf(SHOP.slice(0, start) + other + SHOP.slice(start + length));
      for (const { where } of problems) expect(where).toMatch(/^config\/jobs\/shop\.yaml:\d+:\d+( .+)?$/s);
      expect(JSON.stringify(problems)).not.toContain('canary');
    }),
    { numRuns: 150 },
  );
});
