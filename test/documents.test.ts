import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ALERT_KINDS } from '../src/job/alert-settings.ts';
import { parseJob } from '../src/job/load.ts';
import { readConfig } from '../src/job/read-config.ts';
import { SettingsFile } from '../src/job/settings.ts';
import { blocksOf, DOCUMENTS, spansOf, textOf } from './documents.ts';

const [WHOLE = ''] = blocksOf(textOf('README.md'), 'yaml');
const FILES = [{ type: 'csv', path: 'out/', audiences: [{ segment: '*' }] }];
const blocks = DOCUMENTS.flatMap((path) =>
  blocksOf(textOf(path), 'yaml').map((block, index) => [path, index + 1, block] as const),
);

/** Something that each variable a block asks for may hold. */
function variables(block: string): Record<string, string> {
  const database = block.includes('type: mysql') ? 'mysql' : 'postgres';
  const known: Record<string, string> = {
    MAILCHIMP_API_KEY: 'key-us1',
    SHOP_DB_URL: `${database}://reader:secret@db.example/shop`,
    SHOP_CLICKHOUSE_URL: 'https://reader:secret@clickhouse.example:8443/shop',
    SMTP_URL: 'smtp://127.0.0.1:1',
  };
  const names = [...block.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
  return Object.fromEntries(
    names.map((name) => [
      name,
      known[name] ?? (name.endsWith('_URL') ? 'https://shop.example' : 'a secret of some length'),
    ]),
  );
}

test('the README begins with a whole job', () => {
  expect(parse(WHOLE)).toHaveProperty('name', 'daily-shop');
  expect(blocks.length).toBeGreaterThan(20);
});

test.each(blocks)('%s shows settings in order: block %i', async (path, _, block) => {
  const part = parse(block) as Record<string, unknown>;
  // What is written for Prometheus is no setting of this program.
  if ('scrape_configs' in part) return;
  const env = variables(block);
  if (Object.keys(part).every((key) => key in SettingsFile.shape && key !== 'alerts')) {
    expect(() => readConfig(block, { file: path, folder: '.', env, schema: SettingsFile })).not.toThrow();
    return;
  }
  const job = 'name' in part ? part : { ...(parse(WHOLE) as object), destinations: FILES, ...part };
  const all = { ...variables(WHOLE), ...env };
  const read = parseJob(JSON.stringify(job), { file: path, env: all });

  for (const list of ['sources', 'destinations', 'alerts'] as const)
    if (list in part) expect(read[list]).toHaveLength((part[list] as unknown[]).length);
});

const tables = JSON.parse(
  execFileSync(process.execPath, ['src/cli.ts', 'docs', '--json'], { encoding: 'utf8' }),
) as { commands: string };
/** The options of each command, as commander knows them. */
const commands = new Map(
  [...tables.commands.matchAll(/^\| `(\w+)[^|]*\|[^|]*\|(.*)\|$/gm)].map(([, name, options]) => [
    name!,
    ['--json', '--state', '--jobs', '--help', ...options!.matchAll(/`(--[\w-]+)/g)].map((option) =>
      typeof option === 'string' ? option : option[1]!,
    ),
  ]),
);

/** @returns calls of the program in a text: the command, and the options it is given */
function callsIn(text: string): { command: string; options: string[] }[] {
  const lines = [...blocksOf(text, 'sh').flatMap((block) => block.split('\n')), ...spansOf(text)];
  return lines.flatMap((line) => {
    const [code = ''] = line.split(' #');
    const named = /(?:^|\s)segment-sync (?:-- )?([a-z]+)(.*)$/.exec(code);
    const [, command = '', rest = ''] = named ?? /^([a-z]+)((?: \S+)* --.*)$/.exec(code) ?? [];
    if (!named && !commands.has(command)) return [];
    return [
      { command, options: [...rest.matchAll(/(?:^|\s)(--[a-z][\w-]*)/g)].map(([, option]) => option!) },
    ];
  });
}

test.each(DOCUMENTS)('every command that %s names exists, with its options', (path) => {
  for (const { command, options } of callsIn(textOf(path))) {
    if (command === 'help') continue;
    expect([...commands.keys()], path).toContain(command);
    for (const option of options) expect(commands.get(command), `${command} in ${path}`).toContain(option);
  }
});

test('the documents name commands', () => {
  expect(commands.get('run')).toContain('--as-of');
  expect(callsIn(textOf('README.md')).length).toBeGreaterThan(20);
});

test.each(DOCUMENTS)('every script of npm that %s names exists', (path) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const code = [...blocksOf(textOf(path), 'sh'), ...spansOf(textOf(path))].join('\n');

  for (const [, name] of code.matchAll(/npm run (?:-s )?([\w-]+)/g))
    expect(scripts, path).toHaveProperty(name!);
});

/** @returns what links may point at within a document, as GitHub makes it from headings */
function anchorsOf(path: string): string[] {
  const text = textOf(path).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(DOCUMENTS)('every link of %s leads to a file or heading that is there', (path) => {
  const text = textOf(path).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);

  for (const link of links.filter((link) => !/^[a-z]+:/.test(link))) {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    expect(existsSync(target), `${link} in ${path}`).toBe(true);
    if (anchor === undefined) continue;
    expect(statSync(target).isFile() && anchorsOf(target), `${link} in ${path}`).toContain(anchor);
  }
});

test('the table of alerts has every kind there is', () => {
  const [, alerts = ''] = textOf('config/OPERATING.md').split('\n## Alerts\n');
  const kinds = [...alerts.split('\n## ')[0]!.matchAll(/^\| `(\w+)` /gm)].map(([, kind]) => kind);

  expect(kinds.toSorted()).toEqual(ALERT_KINDS.toSorted());
});

test.each(DOCUMENTS.filter((path) => path.startsWith('connectors')))(
  '%s speaks to the marketer and to the operator',
  (path) => {
    expect(textOf(path)).toMatch(/^## (For the marketer|Files in)$/m);
    expect(textOf(path)).toMatch(/^## (For the operator|Files in, for the operator)$/m);
  },
);

test('every document is linked from the README', () => {
  const text = textOf('README.md');

  for (const path of DOCUMENTS.slice(1)) expect(text).toContain(`](${path}`);
});
