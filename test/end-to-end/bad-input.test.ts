import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import { held, ledgerOf } from './crowd.ts';
import type { Shop } from './shop.ts';
import { AS_OF, EXPORT, HEADER, openSmall, ROWS } from './three-customers.ts';

type Case = {
  title: string;
  /** Makes something wrong. */
  spoil?(shop: Shop): Promise<unknown>;
  args?: string[];
  code: string;
  says: (string | RegExp)[];
};

/** Replaces a piece of the job file. */
function inJob(piece: string, other: string): Case['spoil'] {
  return async (shop) => {
    const text = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    expect(text).toContain(piece);
    await shop.write(
      'job.yaml',
      text.replace(piece, () => other),
    );
  };
}

const orders =
  (content: string | Buffer): Case['spoil'] =>
  (shop) =>
    writeFile(join(shop.folder, 'orders.csv'), content);

const CASES: Case[] = [
  {
    title: 'an unknown setting',
    spoil: inJob('currency: EUR', 'curency: EUR'),
    code: 'CONFIG_UNKNOWN_KEY',
    says: [/job\.yaml:3\b/, 'currency'],
  },
  {
    title: 'an unknown setting of a destination',
    spoil: inJob('list_id: sandbox', 'list: sandbox'),
    code: 'CONFIG_UNKNOWN_KEY',
    says: [/job\.yaml:9\b/, 'list_id'],
  },
  {
    title: 'a wrong type',
    spoil: inJob('model: recency', 'top_share: plenty'),
    code: 'CONFIG_WRONG_TYPE',
    says: [/job\.yaml:7\b/, 'top_share', 'number'],
  },
  {
    title: 'a secret that is nowhere',
    spoil: inJob('${MAILCHIMP_API_KEY}', '${MAILCHIMP_KEY_OF_TEST}'),
    code: 'CONFIG_MISSING_SECRET',
    says: [/job\.yaml:9\b/, 'MAILCHIMP_KEY_OF_TEST', 'environment', 'MAILCHIMP_API_KEY'],
  },
  {
    title: 'a secret file that is not there',
    spoil: inJob('${META_ACCESS_TOKEN}', '${file:secrets/meta}'),
    code: 'CONFIG_MISSING_SECRET',
    says: [/job\.yaml:10\b/, /secrets\/meta/, 'is not there'],
  },
  {
    title: 'no YAML',
    spoil: inJob('currency: EUR', 'currency: [EUR'),
    code: 'CONFIG_SYNTAX',
    says: [/job\.yaml:\d+/],
  },
  {
    title: 'a settings file with an unknown setting',
    spoil: async (shop) => {
      await mkdir(join(shop.folder, 'config'), { recursive: true });
      await shop.write('config/settings.yaml', 'engine: { max_memry: 1GiB }\n');
    },
    code: 'CONFIG_UNKNOWN_KEY',
    says: ['settings.yaml:1', 'max_memory'],
  },
  {
    title: 'an export that is not there',
    spoil: (shop) => rm(join(shop.folder, 'orders.csv')),
    code: 'SOURCE_MISSING_FILE',
    says: ['orders.csv', 'path'],
  },
  {
    title: 'a missing column',
    spoil: orders(EXPORT.replace('Created at', 'Created')),
    code: 'SOURCE_MISSING_COLUMN',
    says: ['orders.csv', 'Created at', 'Did you mean "Created"'],
  },
  {
    title: 'a file without a header',
    spoil: orders(`${ROWS.join('\n')}\n`),
    code: 'SOURCE_MISSING_COLUMN',
    says: ['orders.csv', 'header'],
  },
  {
    title: 'bytes that are no text',
    spoil: orders(Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]), randomBytes(20_000)])),
    code: 'SOURCE_MISSING_COLUMN',
    says: ['orders.csv'],
  },
  {
    title: 'a packed file that is cut off',
    spoil: orders(gzipSync(randomBytes(50_000).toString('hex')).subarray(0, 20_000)),
    code: 'SOURCE_UNREADABLE',
    says: ['orders.csv'],
  },
  {
    title: 'a job that is not there',
    args: ['nowhere', '--jobs', '.'],
    code: 'CONFIG_MISSING_FILE',
    says: ['nowhere', 'crowd'],
  },
  {
    title: 'a day that does not exist',
    args: ['job.yaml', '--as-of', '2026-02-30'],
    code: 'ARGUMENT_WRONG',
    says: ['YYYY-MM-DD'],
  },
  {
    title: 'a month that does not exist',
    args: ['job.yaml', '--as-of', '2026-13-01'],
    code: 'ARGUMENT_WRONG',
    says: ['YYYY-MM-DD'],
  },
  {
    title: 'an unknown option',
    args: ['job.yaml', '--as-off', '2026-02-01'],
    code: 'ARGUMENT_WRONG',
    says: ['--as-of'],
  },
];

const EMPTY = [
  { title: 'an empty file', content: '', says: 'orders.csv is empty' },
  { title: 'a file with a header alone', content: `${HEADER}\n`, says: 'orders.csv holds no rows' },
  {
    title: 'unreadable dates in every row',
    content: EXPORT.replaceAll(/20\d\d-\d\d-\d\d/g, 'someday'),
    says: /orders\.csv:2: .*Created at|orders\.csv:2: .*date/i,
  },
];

test.for(CASES)(
  '$title: exit 2 in words and as one JSON document, nothing sent',
  async ({ spoil, args, code, says }) => {
    const shop = await openSmall();
    await spoil?.(shop);
    const rest = args ?? ['job.yaml', ...AS_OF];

    const machine = await shop.cli('run', ...rest, '--json');
    const person = await shop.cli('plan', ...rest);

    expect(machine.code, machine.stderr).toBe(2);
    expect(problemsOf(machine.stdout).map((problem) => problem.code)).toContain(code);
    expect(person.code, person.stderr).toBe(2);
    const words = person.stderr + person.stdout;
    for (const said of says) expect(words).toMatch(said);
    expect(words).not.toMatch(/^\s+at /m);
    expect(shop.sandbox.requests()).toEqual({});
  },
);

test.for(EMPTY)('$title: exit 2 with the reason, nothing sent', async ({ content, says }) => {
  const shop = await openSmall();
  await shop.write('orders.csv', content);

  const { code, stdout } = await shop.cli('run', 'job.yaml', ...AS_OF, '--json');

  expect(code).toBe(2);
  const problem = problemsOf(stdout)[0]!;
  expect(problem.code).toBe('SOURCE_EMPTY');
  expect(problem.why).toMatch(says);
  expect(shop.sandbox.requests()).toEqual({});
});

/** The problems, wherever in the answer they stand. */
function problemsOf(stdout: string): Problem[] {
  const answer = JSON.parse(stdout) as { status: string; errors?: Problem[]; error?: Problem };
  expect(answer.status).toBe('failed');
  return answer.errors ?? [answer.error!];
}

test(
  'after a good run, whatever is wrong leaves audiences and ledger as they were',
  { timeout: 400_000 },
  async () => {
    const shop = await openSmall();
    const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    expect((await shop.json('run', 'job.yaml', ...AS_OF)).status).toBe('done');
    const [audiences, ledger, writes] = [await held(shop), await ledgerOf(shop), shop.writes()];
    expect(Object.values(audiences.mailchimp).flat()).toHaveLength(3);

    const spoilt = [
      ...CASES.flatMap(({ title, spoil }) => (spoil ? [{ title, spoil, code: 2 }] : [])),
      // The records of the good run are still in the store, so these runs have their customers.
      ...EMPTY.map(({ title, content }) => ({ title, spoil: orders(content)!, code: 0 })),
    ];
    for (const { title, spoil, code } of spoilt) {
      await spoil(shop);
      const answer = await shop.cli('run', 'job.yaml', ...AS_OF);
      expect(answer.code, `${title}: ${answer.stderr}`).toBe(code);
      await shop.write('job.yaml', job);
      await shop.write('orders.csv', EXPORT);
      await rm(join(shop.folder, 'config'), { recursive: true, force: true });
    }

    expect(shop.writes()).toBe(writes);
    expect(await held(shop)).toEqual(audiences);
    expect(await ledgerOf(shop)).toEqual(ledger);
    const after = await shop.json('run', 'job.yaml', ...AS_OF);
    expect(after).toMatchObject({ status: 'done', customers: 3 });
    expect(shop.writes()).toBe(writes);
  },
);

test.for([
  { args: ['rnu', 'job.yaml'], says: 'run' },
  { args: ['run'], says: 'job' },
  { args: ['start', '--port', '99999'], says: '65535' },
  { args: ['export', 'job.yaml'], says: '--out' },
])('$args: exit 2, in words and as one JSON document', async ({ args, says }) => {
  const shop = await openSmall();

  const person = await shop.cli(...args);
  const machine = await shop.cli(...args, '--json');

  expect(person).toMatchObject({ code: 2, stdout: '' });
  expect(person.stderr).toContain(says);
  expect(machine.code).toBe(2);
  expect(problemsOf(machine.stdout)[0]!.code).toBe('ARGUMENT_WRONG');
});
