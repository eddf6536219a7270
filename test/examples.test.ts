import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadJob } from '../src/job/load.ts';
import type { RunReport } from '../src/run/report.ts';

/** Every variable a job file of ours may ask for. */
const env = {
  MAILCHIMP_API_KEY: 'key-us1',
  KLAVIYO_API_KEY: 'key',
  META_ACCESS_TOKEN: 'token',
  SANDBOX_URL: 'http://127.0.0.1:1',
};

test.each(readdirSync('config/jobs'))('the example job %s is valid', async (name) => {
  const job = await loadJob(join('config/jobs', name), { jobs: 'config/jobs', env });

  expect(job.destinations.flatMap(({ audiences }) => audiences).length).toBeGreaterThan(0);
});

test('every line of "What happens when …" in the README is the title of a test', () => {
  const [, section = ''] = readFileSync('README.md', 'utf8').split('## What happens when …');
  const lines = [...section.split('\n## ')[0]!.matchAll(/^- \*\*[^*]+:\*\* (.+)$/gm)].map(
    ([, title]) => title!,
  );
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => readFileSync(join('test', path), 'utf8'))
    .join('\n');

  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((title) => !tests.includes(`'${title}'`))).toEqual([]);
});

test('the example that needs no credentials runs, and writes its files', { timeout: 180_000 }, () => {
  const state = mkdtempSync(join(tmpdir(), 'example-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true, maxRetries: 20 }));

  const answer = execFileSync(process.execPath, ['src/cli.ts', 'run', 'any-csv', '--json', '--state', state]);

  const report = JSON.parse(answer.toString()) as RunReport;
  expect(report).toMatchObject({ status: 'done', error: null });
  expect(report.pulled.rejected).toBe(0);
  for (const { wanted, added } of report.audiences) expect(added).toBe(wanted);
});
