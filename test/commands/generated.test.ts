import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { RULE_KINDS } from '../../src/job/custom-rules.ts';
import { FIELDS } from '../../src/job/fields.ts';
import { OPERATOR_NAMES } from '../../src/job/operators.ts';

const CLI = resolve('src/cli.ts');
const call = (args: string[], cwd = '.') => promisify(execFile)(process.execPath, [CLI, ...args], { cwd });

test('schema prints the JSON Schema that editors are given', async () => {
  const { stdout } = await call(['schema']);

  expect(JSON.parse(stdout)).toEqual(JSON.parse(await readFile('config/job.schema.json', 'utf8')));
});

test('the README and the schema hold what the code says; where they do not, docs --check fails and --write mends', async () => {
  expect((await call(['docs', '--check'])).stdout).toContain('fresh');
  expect(JSON.parse((await call(['docs', '--check', '--json'])).stdout)).toEqual({
    stale: [],
    written: false,
  });

  const folder = await mkdtemp(join(tmpdir(), 'docs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'README.md'), '<!-- generated: commands -->\nold\n<!-- end -->\n');
  await expect(call(['docs', '--check'], folder)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/Stale: .*README\.md/),
  });
});

test('every table stands in one document', async () => {
  const tables = JSON.parse((await call(['docs', '--json'])).stdout) as Record<string, string>;
  const guides = (await readdir('connectors', { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name !== 'errors')
    .map(({ name }) => `connectors/${name}/README.md`);
  const texts = await Promise.all(
    ['README.md', 'config/README.md', 'config/OPERATING.md', ...guides].map((path) => readFile(path, 'utf8')),
  );
  const marks = texts.flatMap((text) =>
    [...text.matchAll(/<!-- generated: (\w+) -->/g)].map(([, name]) => name!),
  );

  expect(marks.toSorted()).toEqual(Object.keys(tables).toSorted());
});

test('docs tells every command, setting, field and condition', async () => {
  const { stdout } = await call(['docs', '--json']);

  const tables = JSON.parse(stdout) as Record<string, string>;
  const { commands, fields, conditions } = tables;
  for (const command of [
    'demo',
    'check',
    'plan',
    'run',
    'start',
    'status',
    'export',
    'sandbox',
    'schema',
    'docs',
  ]) {
    expect(commands).toContain(`\`${command}`);
  }
  for (const [table, setting] of [
    ['destination_mailchimp', 'list_id'],
    ['destination_facebook', 'ad_account_id'],
    ['source_csv', 'columns.order_id'],
    ['job', 'catch_up'],
    ['segments', 'lifecycle.top_share'],
    ['settings', 'engine.url'],
  ] as const)
    expect(tables[table], table).toContain(`| \`${setting}\` `);
  for (const field of [...Object.keys(FIELDS), 'extra.name']) expect(fields).toContain(`| \`${field}\` `);
  for (const said of [...RULE_KINDS, 'bought.collection', 'did.event'])
    expect(conditions).toContain(`| \`${said}\` `);
  for (const operator of OPERATOR_NAMES) expect(conditions).toContain(`\`field\`: \`${operator}\``);
});
