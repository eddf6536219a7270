import { expect, test } from 'vitest';
import { readAddress } from '../../connectors/query-address.ts';
import { readStatement, withSince, type Dialect } from '../../connectors/query-text.ts';
import { definitionOf } from './query-source.ts';

const bound = (sql: string, dialect: Dialect = 'postgres') => {
  const read = readStatement(sql, dialect);
  return 'problem' in read ? read.problem : withSince(read, (index) => `<${index}>`);
};

test.each([
  ['SELECT 1 WHERE a > {since}', 'SELECT 1 WHERE a > <0>'],
  ['SELECT 1 WHERE a > {since} OR b > {since};', 'SELECT 1 WHERE a > <0> OR b > <1>'],
  ['select 1; -- the end; really', 'select 1'],
  ['(SELECT 1) UNION (SELECT 2)', '(SELECT 1) UNION (SELECT 2)'],
  ["WITH a AS (SELECT ';' AS b) SELECT * FROM a", "WITH a AS (SELECT ';' AS b) SELECT * FROM a"],
  ['-- {since}\nSELECT 1', 'has {since} in a comment'],
] as const)('%s is read as one statement', (sql, text) => {
  expect(bound(sql)).toBe(text.startsWith('has') ? sql : text);
});

test.each([
  ['', 'is empty'],
  ['SELECT 1; SELECT 2', 'more than one statement'],
  ["SELECT '{since}'", 'in quotes'],
  ['DELETE FROM orders', 'must begin with SELECT or WITH'],
  ['SELECT * INTO other FROM orders', 'must not have INTO'],
  ['SELECT * FROM orders FOR UPDATE', 'must not lock'],
  ["SELECT 'open", 'never closes it'],
  ['SELECT 1 /* open', 'never closes it'],
])('%s is refused', (sql, problem) => {
  for (const dialect of ['postgres', 'mysql'] as const) expect(bound(sql, dialect)).toContain(problem);
});

test.each([
  ['SELECT 1 FORMAT CSV', 'FORMAT'],
  ['SELECT * FROM (SELECT 1 SETTINGS readonly = 0)', 'SETTINGS'],
  ['SELECT 1 # SETTINGS\n SETTINGS a', 'SETTINGS'],
  ['SELECT 1 INTO OUTFILE "a"', 'INTO'],
  ['SELECT 1; SELECT 2', 'more than one statement'],
  ['INSERT INTO a SELECT 1', 'must begin with SELECT'],
  ['SELECT `open', 'never closes it'],
])('%s is refused for ClickHouse', (sql, problem) => {
  expect(bound(sql, 'clickhouse')).toContain(problem);
});

test('each database has quotes and comments of its own', () => {
  expect(bound("SELECT $q$ ; {sin} $q$, E'\\'', 'a\\' /* /* ; */ */ WHERE a > {since}")).toBe(
    "SELECT $q$ ; {sin} $q$, E'\\'', 'a\\' /* /* ; */ */ WHERE a > <0>",
  );
  expect(bound("SELECT 'a\\';', `b;`, \";\" # ; {since}\n, 5--3 WHERE a > {since}", 'mysql')).toBe(
    "SELECT 'a\\';', `b;`, \";\" # ; {since}\n, 5--3 WHERE a > <0>",
  );
  expect(
    bound(
      "SELECT $q$ ; {sin} $q$, 'a\\';', `settings;`, \";\" #! ; {since}\n, 5--3 WHERE a > {since}",
      'clickhouse',
    ),
  ).toBe("SELECT $q$ ; {sin} $q$, 'a\\';', `settings;`, \";\" #! ; {since}\n, 5--3 WHERE a > {since}");
  expect(bound('SELECT 1 /*! INTO OUTFILE */', 'mysql')).toMatch(/INTO|server executes/);
});

test.each([
  ['SELECT 1 ORDER BY updated_at', 'updated_at', false],
  ['SELECT 1 ORDER BY o.updated_at ASC NULLS LAST, id', 'updated_at', false],
  ['SELECT 1 FROM a ORDER BY "updatedAt"', '?', false],
  ['SELECT row_number() OVER (ORDER BY a) FROM (SELECT 1 LIMIT 5) AS b', undefined, false],
  ['SELECT 1 ORDER BY updated_at DESC', undefined, false],
  ['SELECT 1 ORDER BY lower(a) LIMIT 10', undefined, true],
  ['SELECT 1 ORDER BY a LIMIT 1 BY id', 'a', false],
])('what %s says of the whole result', (sql, ordered_by, is_limited) => {
  expect(readStatement(sql, 'postgres')).toMatchObject({ ordered_by, is_limited });
});

const form = { schemes: ['postgres', 'postgresql'], port: 5432 };

test('a URL names the database, with the words that other programs use for TLS', () => {
  const of = (url: string) => readAddress(url, form);

  expect(of('postgres://shop:p%40ss%3A@db.example/shop')).toEqual({
    host: 'db.example',
    port: 5432,
    socket: undefined,
    user: 'shop',
    password: 'p@ss:',
    database: 'shop',
    tls: 'verify',
  });
  expect(of('postgresql://shop@127.0.0.1:6432/shop')).toMatchObject({ port: 6432, tls: 'off', password: '' });
  expect(of('postgres://shop@db.example/shop?sslmode=require')).toMatchObject({ tls: 'unverified' });
  expect(of('postgres://shop@db.example/shop?ssl-mode=DISABLED')).toMatchObject({ tls: 'off' });
  expect(of('postgres://shop@localhost/shop?socket=/run/postgresql')).toMatchObject({
    socket: '/run/postgresql',
  });
});

test('a URL of ClickHouse is one of HTTP', () => {
  const web = { schemes: ['https', 'http'], port: 8443, web: true };
  const of = (url: string) => readAddress(url, web);

  expect(of('https://shop:p%40ss@db.example:8443/shop')).toMatchObject({
    port: 8443,
    password: 'p@ss',
    tls: 'verify',
  });
  expect(of('https://shop@127.0.0.1/shop')).toMatchObject({ port: 443, tls: 'verify' });
  expect(of('http://shop@db.example:8123/shop')).toMatchObject({ port: 8123, tls: 'off' });
  for (const url of [
    'https://shop:canary@h/shop?canary=1',
    'clickhouse://shop:canary@h/shop',
    'https://h/shop',
  ])
    expect(of(url)).toEqual({ problem: expect.not.stringContaining('canary') });
});

test.each([
  'mysql://shop:canary@db.example/shop',
  'shop canary',
  'postgres://shop:ca%nary@db.example/shop',
  'postgres://:canary@db.example/shop',
  'postgres://shop:canary@db.example',
  'postgres://shop:canary@db.example/shop?canary=1',
  'postgres://shop:canary@db.example/shop?sslmode=canary',
])('a URL that is wrong is never quoted: %s', (url) => {
  expect(readAddress(url, form)).toEqual({ problem: expect.not.stringContaining('canary') });
});

test.each([
  [{ cursor: { field: 'a' } }, '`cursor` needs {since} in the query'],
  [{ query: 'SELECT 1 WHERE a > {since}' }, '{since} needs `cursor`'],
  [{ query: 'SELECT 1 WHERE a > {since} LIMIT 5', cursor: { field: 'a' } }, 'cannot go with LIMIT'],
  [
    { query: 'SELECT 1 WHERE a > {since} ORDER BY b', cursor: { field: 'a', sorted: true } },
    'needs ORDER BY a',
  ],
  [{ columns: { order_id: 'a' } }, 'orders need a column for ordered_at'],
  [{ extra: { age: 'age' } }, '`extra` belongs to `records: customers`'],
] as const)('settings that contradict each other: %j', (settings, message) => {
  for (const [engine, scheme] of [
    ['postgres', 'postgres'],
    ['mysql', 'mysql'],
    ['clickhouse', 'https'],
  ] as const) {
    const url = `${scheme}://shop:canary@db.example/shop`;
    const parsed = definitionOf(engine).settings.safeParse({ url, query: 'SELECT 1', ...settings });

    expect(parsed.error?.issues.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(message),
    );
  }
});
