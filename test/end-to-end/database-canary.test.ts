import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startClickHouse } from '../connectors/clickhouse-server.ts';
import { connection, type Engine } from '../connectors/database-connection.ts';
import { missingBinaries, startServer } from '../connectors/database-servers.ts';
import { PASSWORD } from '../engine/door.ts';
import { openShop, type Shop } from './shop.ts';

const WRONG = 'canary-wrong:w@rd/2';
const ADDRESSES = ['linnet', 'siskin'].map((name) => `${name}@aviary.example`);
const PRIVATE = [
  ...[PASSWORD, WRONG].flatMap((secret) => [secret, encodeURIComponent(secret)]),
  'canary',
  ...ADDRESSES,
  'aviary',
  'Fringilla',
];
/** Where nothing listens: what a port below 10 was for is long gone. */
const DOWN_PORT = '9';

type Database = { url: string; sql(text: string): Promise<unknown> };

/** A database of the tests' own whose password is a canary, with two orders of people who are. */
async function openDatabase(kind: string): Promise<Database> {
  if (kind === 'clickhouse') {
    const server = await startClickHouse();
    onTestFinished(() => server.stop());
    return server.database();
  }
  const engine = kind as Engine;
  const server = await startServer(engine);
  onTestFinished(() => server.stop());
  const url = `${server.url}/shop`;
  return { url, sql: (text) => connection(engine, url, (ask) => ask(text)) };
}

const TABLE: Record<string, string> = {
  postgres: 'CREATE TABLE orders (id int, mail text, name text, at timestamptz, total text)',
  mysql: 'CREATE TABLE orders (id int, mail text, name text, at timestamp NULL, total text)',
  clickhouse:
    'CREATE TABLE orders (id Int32, mail String, name String, at DateTime, total String) ENGINE = MergeTree ORDER BY id',
};
/** What fails on the value of a row. */
const CAST: Record<string, string> = {
  postgres: 'mail::int',
  mysql: 'EXP(1000 * LENGTH(mail))',
  clickhouse: 'toInt32(mail)',
};

const ALL = 'SELECT * FROM orders';
const COLUMNS = 'order_id: id, email: mail, last_name: name, ordered_at: at, total: total';

const jobOf = (
  type: string,
  query: string,
  more: { url?: string; columns?: string; cursor?: string } = {},
) => `
name: birds
currency: EUR
sources:
  - type: ${type}
    url: \${${more.url ?? 'SHOP_DB_URL'}}
    query: ${JSON.stringify(query)}
    columns: { ${more.columns ?? COLUMNS} }
    ${more.cursor ? `cursor: { field: ${more.cursor} }` : ''}
destinations:
  - { type: csv, path: out, audiences: [{ segment: lifecycle.* }] }
`;

/** What the program writes for people to read beside its answers. */
async function logsOf({ folder }: Shop): Promise<string> {
  const state = join(folder, 'state');
  const names = (await readdir(state, { recursive: true, withFileTypes: true }))
    // The store itself holds the orders, as it must.
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(state, 'engine')))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(names).toContain(join(state, 'engine.log'));
  return (await Promise.all(names.map((name) => readFile(name, 'utf8')))).join('\n');
}

for (const kind of ['postgres', 'mysql', 'clickhouse']) {
  const missing = kind === 'clickhouse' ? undefined : missingBinaries(kind as Engine);
  test.runIf(missing)(`${kind} is not tried`, ({ skip }) => skip(`skipped: ${missing}`));

  describe.skipIf(missing)(kind, () => {
    test('no command says or logs the password, or anything of a row', { timeout: 300_000 }, async () => {
      const database = await openDatabase(kind);
      await database.sql(TABLE[kind]!);
      await database.sql(
        `INSERT INTO orders VALUES (1, '${ADDRESSES[0]}', 'Fringilla', '2026-03-01 10:00:00', '10.00'),
         (2, 'Fringilla <${ADDRESSES[1]}>', 'Fringilla', '2026-03-02 10:00:00', '${ADDRESSES[1]}')`,
      );
      const { port } = new URL(database.url);
      const shop = await openShop({
        env: {
          SHOP_DB_URL: database.url,
          WRONG_URL: database.url.replace(encodeURIComponent(PASSWORD), encodeURIComponent(WRONG)),
          DOWN_URL: database.url.replace(`:${port}/`, `:${DOWN_PORT}/`),
        },
      });
      const run = async (job: string, ...args: string[]): Promise<string> => {
        await shop.write('job.yaml', job);
        const { code, stdout, stderr } = await shop.cli(...args, 'job.yaml');
        return `${code} ${stdout} ${stderr}`;
      };
      const asOf = ['run', '--as-of', '2026-03-31'];

      expect(await run(jobOf(kind, ALL), 'check')).toMatch(/^0 .*columns of the query/s);
      expect(await run(jobOf(kind, ALL), ...asOf)).toMatch(/^0 .*total cannot be read as an amount/s);
      const sent = await readdir(join(shop.folder, 'out'));
      const people = await Promise.all(sent.map((name) => readFile(join(shop.folder, 'out', name), 'utf8')));
      expect(people.join('')).toContain(ADDRESSES[0]);
      const failures = [
        [jobOf(kind, ALL, { url: 'WRONG_URL' }), 'SOURCE_KEY_REFUSED'],
        [jobOf(kind, ALL, { url: 'DOWN_URL' }), 'SOURCE_DOWN'],
        [jobOf(kind, `SELECT * FROM ordrs WHERE mail = '${ADDRESSES[0]}'`), 'SOURCE_NOT_FOUND'],
        [jobOf(kind, `SELECT * FROM orders WHERE mal = '${ADDRESSES[0]}'`), 'SOURCE_QUERY'],
        [jobOf(kind, `SELECT id, mail, name, at, ${CAST[kind]} AS total FROM orders`), 'SOURCE_QUERY'],
        [jobOf(kind, `${ALL} WHERE mail > {since}`, { cursor: 'mail' }), 'SOURCE_CURSOR'],
        [jobOf(kind, ALL, { columns: COLUMNS.replace('id,', 'idd,') }), 'SOURCE_MISSING_COLUMN'],
      ] as const;
      for (const [job, code] of failures) {
        expect(await run(job, ...asOf)).toContain(code);
        if (code === 'SOURCE_KEY_REFUSED') expect(await run(job, 'check', '--json')).toContain(code);
      }

      const said = [shop.said(), await logsOf(shop)];
      expect(said[0]!.length).toBeGreaterThan(2000);
      for (const secret of PRIVATE) for (const text of said) expect(text).not.toContain(secret);
    });
  });
}
