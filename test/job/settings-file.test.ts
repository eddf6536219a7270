import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobFileError } from '../../src/job/problems.ts';
import { loadSettings } from '../../src/job/settings.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string, env: Record<string, string> = {}, secrets = new Set<string>()) {
  const file = join(folder, 'settings.yaml');
  writeFileSync(file, text);
  return loadSettings({ env, file, secrets });
}

test('without a settings file, and with an empty one, every setting has its default', async () => {
  const defaults = {
    engine: { user: 'default', password: '', database: 'segment_sync', gone_after: 60_000, replicated: true },
    alerts: [],
    daemon: { parallel: 2 },
    retention: { runs: 400, assignments: { daily: 92, weekly: 366, monthly: 1830 }, ledger: 366 },
  };

  expect(await loadSettings({ env: {}, file: join(folder, 'none.yaml') })).toEqual(defaults);
  expect(await load('# engine:\n')).toEqual(defaults);
});

test('a server is named with its password from the environment, which is kept for masking', async () => {
  const text = 'engine:\n  url: https://ch.example:8443\n  password: ${PW}\n  max_memory: 512MiB\n';
  const secrets = new Set<string>();

  const { engine } = await load(text, { PW: 'canary' }, secrets);

  expect(engine).toMatchObject({
    url: 'https://ch.example:8443',
    password: 'canary',
    max_memory: 536_870_912,
  });
  expect([...secrets]).toEqual(['canary']);
});

test('files of certificates are relative to the settings file, and a certificate comes with its key', async () => {
  const { engine } = await load(
    'engine: { ca: ca.pem, cert: /etc/own.pem, key: ../own.key, gone_after: 5m }',
  );

  expect(engine).toMatchObject({
    ca: join(folder, 'ca.pem'),
    cert: '/etc/own.pem',
    key: join(folder, '../own.key'),
    gone_after: 300_000,
  });
  await expect(load('engine: { cert: own.pem }')).rejects.toMatchObject({
    problems: [{ code: 'CONFIG_WRONG_VALUE', what: expect.stringContaining('`cert` and `key` together') }],
  });
});

test('a password in the address of the server, where it would not be masked, is refused', async () => {
  await expect(load('engine: { url: "https://own:canary@ch.example:8443" }')).rejects.toMatchObject({
    problems: [{ what: expect.stringContaining('`engine.password`') }],
  });
});

test('a wrong settings file is refused like a job file', async () => {
  const error = await load('engine:\n  adress: x\n  max_memory: 4 GB\n').catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(JobFileError);
  expect((error as JobFileError).problems).toMatchObject([
    { code: 'CONFIG_UNKNOWN_KEY', where: expect.stringMatching(/:2:3 engine\.adress$/) },
    { code: 'CONFIG_WRONG_VALUE', where: expect.stringMatching(/:3:15 engine\.max_memory$/) },
  ]);
});

test('how long what is kept is read in days, and the ledger is kept for as long as a refusal counts', async () => {
  const { retention } = await load(
    'retention:\n  runs: 30d\n  assignments: { weekly: 8w }\n  orders: 1500d\n',
  );
  const error = await load('retention:\n  ledger: 30d\n').catch((thrown: unknown) => thrown);

  expect(retention).toMatchObject({ runs: 30, assignments: { daily: 92, weekly: 56 }, orders: 1500 });
  expect((error as JobFileError).problems).toMatchObject([
    { code: 'CONFIG_WRONG_VALUE', where: expect.stringMatching(/:2:11 retention\.ledger$/) },
  ]);
});
