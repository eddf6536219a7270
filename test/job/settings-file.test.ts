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
    engine: { user: 'default', password: '', database: 'segment_sync' },
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

test('a wrong settings file is refused like a job file', async () => {
  const error = await load('engine:\n  adress: x\n  max_memory: 4 GB\n').catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(JobFileError);
  expect((error as JobFileError).problems).toMatchObject([
    { code: 'CONFIG_UNKNOWN_KEY', where: expect.stringMatching(/:2:3 engine\.adress$/) },
    { code: 'CONFIG_WRONG_VALUE', where: expect.stringMatching(/:3:15 engine\.max_memory$/) },
  ]);
});
