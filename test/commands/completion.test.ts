import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { stateDir } from '../engine/state-dir.ts';
import { answerOnTerminal, hasTerminals } from './terminal.ts';

const run = promisify(execFile);
const CLI = [process.execPath, resolve('src/cli.ts')] as const;

/** The words that could stand in place of the last one. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout } = await run(CLI[0], [CLI[1], 'complete', '--', ...words]);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : line.split('\t')[0]!));
}

test('commands, jobs, flags and what flags take are offered', { timeout: 30_000 }, async () => {
  expect(await offered('p')).toEqual(['plan']);
  expect(await offered('')).not.toContain('complete');
  expect(await offered('plan', '')).toEqual(['any-csv', 'daily-shop', 'demo', ':files']);
  expect(await offered('plan', '--as-of', '2026-01-01', 'da')).toEqual(['daily-shop', ':files']);
  expect(await offered('run', 'demo', '--rec')).toEqual(['--reconcile']);
  expect(await offered('export', 'any-csv', '--segment', 'lifecycle.a')).toEqual([
    'lifecycle.active',
    'lifecycle.at_risk',
  ]);
  expect(await offered('export', 'any-csv', '--out', '')).toEqual([':files']);
  expect(await offered('plan', '--jobs', '/nowhere', '')).toEqual([':files']);
  expect(await offered('init', '--timezone', 'Europe/Buch')).toEqual(['Europe/Bucharest']);
});

test.skipIf(!hasTerminals)('bash completes as somebody types', { timeout: 30_000 }, async () => {
  await using folder = stateDir();
  await writeFile(join(folder.path, 'Orders list.csv'), '');
  const rc = join(folder.path, 'rc');
  await writeFile(
    rc,
    `source <('${CLI.join("' '")}' completion bash)\nPS1='READY>'\nexport SEGMENT_SYNC_JOBS='${resolve('config/jobs')}'\n`,
  );
  const sent = await answerOnTerminal(
    `bash --rcfile '${rc}' -i`,
    [
      ['READY>', 'segment-sync pl\t'],
      ['segment-sync plan ', 'dai\t'],
      ['plan daily-shop ', '\u0015segment-sync init --source Ord\t'],
      ['Orders\\ list.csv', '\u0015exit\r'],
    ],
    { cwd: folder.path, env: process.env },
  );

  expect(stripVTControlCharacters(sent)).toContain('segment-sync plan daily-shop ');
});

test.each(['zsh', 'fish'])('the script for %s is one that it can read', async (shell) => {
  const { stdout } = await run(CLI[0], [CLI[1], 'completion', shell]);
  expect(stdout).toContain(`'${CLI[1]}' complete -- `);
  if (spawnSync(shell, ['--version']).error) return;
  expect(spawnSync(shell, ['-n'], { input: stdout }).status).toBe(0);
});
