import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClickHouse, type ClickHouseServer } from './clickhouse-server.ts';
import type { TestDatabase } from './databases.ts';
import { openSource, read } from './query-source.ts';

const COLUMNS = {
  order_id: 'id',
  email: 'mail',
  ordered_at: 'created',
  total: 'total',
  updated_at: 'updated_at',
};
const NEW = 'SELECT * FROM orders WHERE updated_at > {since}';
const cursor = { field: 'updated_at', lag: '1h' };
const ids = (rows: readonly Record<string, unknown>[]) => rows.map(({ id }) => Number(id));

let server: ClickHouseServer;
beforeAll(async () => {
  server = await startClickHouse();
}, 60_000);
afterAll(() => server.stop());

/** Orders 1 to 3, the second changed last. */
async function aShop(settings: object = {}) {
  const database = await server.database();
  await database.sql(
    `CREATE TABLE orders (id UInt64, mail Nullable(String), created Date, total Decimal(12, 2),
       updated_at DateTime64(3, 'Europe/Bucharest'), seen DateTime, note String)
     ENGINE = MergeTree ORDER BY updated_at SETTINGS index_granularity = 1`,
  );
  await database.sql(
    `INSERT INTO orders (id, mail, created, total, updated_at) VALUES
       (1, 'ana@example.com', '2026-03-01', 29.90, '2026-03-02 12:00:00'),
       (2, 'ion@example.com', '2026-03-02', 10.00, '2026-03-04 12:00:00.25'),
       (3, NULL, '2026-03-03', 5.00, '2026-03-03 12:00:00')`,
  );
  const type = { url: database.url, query: 'SELECT * FROM orders ORDER BY id', columns: COLUMNS };
  const open = (more: object = {}, opening = {}) =>
    openSource('clickhouse', { ...type, ...settings, ...more }, opening);
  return { database, open };
}

/** A source that is one SELECT without a table. */
async function aRow(select: string) {
  const database: TestDatabase = await server.database();
  const columns = { order_id: 'id', ordered_at: 'at', total: 'total' };
  const source = await openSource('clickhouse', { url: database.url, columns, query: select });
  const { rows } = await read(source);
  return { row: rows[0]!, facts: await source.check() };
}

test('every row of the query comes, with nulls, exact amounts and the meaning of its columns', async () => {
  const { open, database } = await aShop();

  const { rows, pages, marks } = await read(await open());

  expect(rows.map(({ id, mail, created, total }) => [id, mail, created, total])).toEqual([
    ['1', 'ana@example.com', '2026-03-01', '29.9'],
    ['2', 'ion@example.com', '2026-03-02', '10'],
    ['3', null, '2026-03-03', '5'],
  ]);
  expect(pages[0]!.tables![0]).toMatchObject({
    name: `query of ${database.name}`,
    meaning: { records: 'orders', columns: COLUMNS, dates: 'iso', decimal: '.' },
  });
  expect(marks).toEqual([]);
});

test('values come exactly: big numbers, decimals, times in UTC, enums, and no date where there is none', async () => {
  const { row, facts } = await aRow(`SELECT toUInt64('18446744073709551615') AS id,
    toDateTime64('2026-03-29 03:30:00.5', 3, 'Europe/Bucharest') AS at, toDecimal64('12.50', 2) AS total,
    toLowCardinality(toNullable('paid')) AS state, CAST('b' AS Enum8('a' = 1, 'b' = 2)) AS kind,
    toDateTime('2026-03-29 00:30:00', 'UTC') AS seconds, toDate('2026-03-29') AS day, toDate(0) AS no_day,
    toDateTime(0, 'UTC') AS no_time, toDateTime64(0, 3, 'UTC') AS no_moment, toDate32('1931-05-06') AS born,
    CAST(NULL AS Nullable(DateTime)) AS never, ['a', 'b'] AS list, map('a', 1) AS pairs, true AS yes, NULL AS nothing,
    toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS uuid, toFixedString('EUR', 5) AS fixed, 0.1 AS float`);

  expect(row).toEqual({
    id: '18446744073709551615',
    at: '2026-03-29 00:30:00.500+00',
    total: '12.5',
    state: 'paid',
    kind: 'b',
    seconds: '2026-03-29 00:30:00+00',
    day: '2026-03-29',
    no_day: null,
    no_time: null,
    no_moment: null,
    born: '1931-05-06',
    never: null,
    list: "['a','b']",
    pairs: "{'a':1}",
    yes: 'true',
    nothing: null,
    uuid: '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
    fixed: 'EUR',
    float: '0.1',
  });
  expect(facts[1]).toContain("id (UInt64), at (DateTime64(3, 'Europe/Bucharest')), total (Decimal(18, 2))");
});

test('rows with separators, quotes, line ends, marks of null and letters of every script come whole', async () => {
  const { open, database } = await aShop({
    columns: { order_id: 'id', ordered_at: 'created', total: 'total', last_name: 'note' },
    query: 'SELECT id, created, total, note FROM orders ORDER BY id',
  });
  const names = [
    'a,b',
    'say "hi"',
    'two\nlines',
    'cr\rlf\r\n',
    '\\N',
    '',
    'Ștefan Ünal 李 🎉',
    "O'Hara",
    '\\',
    '\t',
  ];
  const literal = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  await database.sql('TRUNCATE TABLE orders');
  const values = names.map((name, index) => `(${index}, '2026-03-01', 1, ${literal(name)})`);
  await database.sql(`INSERT INTO orders (id, created, total, note) VALUES ${values.join(', ')}`);

  const { rows } = await read(await open());

  expect(rows.map(({ note }) => note)).toEqual(names);
});

test('a cell that reads like an error of the server is a cell', async () => {
  const note = 'Code: 395. DB::Exception: oh. (FUNCTION_THROW_IF) (version 26.7.2.1)';
  const { row } = await aRow(`SELECT 1 AS id, toDate('2026-03-01') AS at, 2 AS total, '${note}' AS note`);

  expect(row.note).toBe(note);
});

test('the first pull reads everything and the next what changed since, the last change again', async () => {
  const { open, database } = await aShop({ query: NEW, cursor });

  const first = await read(await open());
  await database.sql(
    `INSERT INTO orders (id, created, total, updated_at) VALUES (4, '2026-03-03', 6, '2026-03-05 02:00:00')`,
  );
  const next = await read(await open(), { mark: first.marks[0], since: '2026-03-04T10:00:00.250Z' });

  expect(ids(first.rows)).toHaveLength(3);
  expect(first.marks).toEqual(['2026-03-04T10:00:00.250Z']);
  expect(ids(next.rows).toSorted()).toEqual([2, 4]);
  expect(next.marks).toEqual(['2026-03-05T00:00:00.000Z']);
});

test('rows whose time is that of none are read at first, and mark nothing', async () => {
  const { open, database } = await aShop({ query: NEW, cursor });
  await database.sql('TRUNCATE TABLE orders');
  await database.sql(`INSERT INTO orders (id, created, total) VALUES (1, '2026-03-03', 6)`);

  const { rows, marks } = await read(await open());

  expect(rows).toMatchObject([{ id: '1', updated_at: null }]);
  expect(marks).toEqual([]);
});

test.for([
  ['a time in seconds', 'toDateTime(updated_at)', ['2026-03-04T10:00:00.000Z'], [2, 3]],
  ['a date', 'toDate(updated_at)', ['2026-03-04T00:00:00.000Z'], [2, 3]],
  ['a date of long ago', 'toDate32(updated_at)', ['2026-03-04T00:00:00.000Z'], [2, 3]],
  ['a time that may be null', 'toNullable(updated_at)', ['2026-03-04T10:00:00.250Z'], [2, 3]],
] as const)('%s can be the cursor', async ([, changed, marks, since]) => {
  const query = `SELECT id, created, total, ${changed} AS changed FROM orders WHERE changed > {since}`;
  const { open } = await aShop({
    query,
    cursor: { field: 'changed', lag: '1h' },
    columns: { order_id: 'id', ordered_at: 'created', total: 'total' },
  });

  const all = await read(await open());
  const later = await read(await open(), { since: '2026-03-03T10:00:00.000Z' });

  expect(ids(all.rows).toSorted()).toEqual([1, 2, 3]);
  expect(all.marks).toEqual(marks);
  expect(ids(later.rows).toSorted()).toEqual(since);
});

test('growing numbers can be the cursor, with a lag and a start in numbers', async () => {
  const { open, database } = await aShop({
    query: 'SELECT * FROM orders WHERE id > {since}',
    cursor: { field: 'id', lag: 1, start: 2 },
  });
  await database.sql(
    `INSERT INTO orders (id, created, total) VALUES (18446744073709551615, '2026-03-05', 1)`,
  );

  const whole = await read(await open());
  const first = await read(await open(), { since: '2' });
  const next = await read(await open(), { mark: '18446744073709551615' });

  expect(whole.rows).toHaveLength(4);
  expect(first.rows.map(({ id }) => id).toSorted()).toEqual(['18446744073709551615', '2', '3']);
  expect(first.marks).toEqual(['18446744073709551615']);
  expect(next.rows.map(({ id }) => id)).toEqual(['18446744073709551615']);
  await expect(read(await open({ cursor: { field: 'id', lag: '2d' } }))).rejects.toMatchObject({
    problem: { code: 'SOURCE_CURSOR' },
  });
});

test('a value is bound and never becomes part of the query', async () => {
  const { open } = await aShop({
    query: `SELECT * FROM orders /* {since} */ WHERE updated_at > {since} OR (updated_at = {since} AND 'x;--' <> '') -- end`,
    cursor,
  });

  const { rows } = await read(await open(), { since: '2026-03-03T10:00:00.001Z' });

  expect(ids(rows).toSorted()).toEqual([2, 3]);
  const { sql, settings } = server.asked.findLast(({ sql }) => sql.includes('TabSeparatedRaw'))!;
  expect(sql).not.toContain('2026');
  expect([...settings.keys()].filter((name) => name.startsWith('param_'))).toHaveLength(1);
});

test('a time in the future does not hide what changes until then', async () => {
  const { open, database } = await aShop({ query: NEW, cursor });
  await database.sql(
    `INSERT INTO orders (id, created, total, updated_at) VALUES (9, '2026-03-03', 6, '2037-01-01 00:00:00')`,
  );

  const { marks } = await read(await open());

  expect(Date.parse(marks[0]!)).toBeLessThanOrEqual(Date.now() + 60_000);
});

test('an empty result is told of', async () => {
  const { open, database } = await aShop();
  await database.sql('TRUNCATE TABLE orders');

  const { pages } = await read(await open());

  expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([
    expect.stringContaining('the query gave no rows'),
  ]);
});

test('the reading may only read, is packed, and is ended by the server after its time', async () => {
  const { open } = await aShop({ timeout: '90s' });

  await read(await open());

  const { settings } = server.asked.findLast(({ sql }) => sql.includes('TabSeparatedRaw'))!;
  expect(Object.fromEntries(settings)).toMatchObject({
    readonly: '1',
    max_execution_time: '90',
    result_overflow_mode: 'throw',
    enable_http_compression: '1',
    cancel_http_readonly_queries_on_client_close: '1',
  });
});

describe('sorted', () => {
  const sorted = { ...cursor, sorted: true };

  test(
    'the mark moves with the rows, and each part says how many came before',
    { timeout: 400_000 },
    async () => {
      const { open, database } = await aShop({ query: `${NEW} ORDER BY updated_at`, cursor: sorted });
      await database.sql(
        `INSERT INTO orders (id, created, total, updated_at, note)
       SELECT number + 4, '2026-03-03', 1, toDateTime64('2026-03-05 10:00:00', 3, 'UTC') + number, repeat('x', 1000000)
       FROM numbers(150)`,
      );

      const { tables, marks } = await read(await open());

      expect(tables.length).toBeGreaterThan(1);
      expect(tables.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(153);
      let seen = 0;
      for (const [index, { rows_before, rows }] of tables.entries()) {
        expect(rows_before).toBe(seen);
        seen += rows.length;
        const last = rows.at(-1)!.updated_at!;
        expect(marks[index]).toBe(new Date(last.replace(/\+00$/, 'Z')).toISOString());
      }
    },
  );

  test('rows in another order stop the pull', async () => {
    const { open } = await aShop({
      query: `SELECT id, mail, created, total, updated_at FROM (SELECT *, -toInt64(id) AS n FROM orders) AS orders
              WHERE updated_at > {since} ORDER BY n.updated_at`,
      cursor: sorted,
    });
    const falsely = await aShop({
      query: `SELECT * FROM (SELECT id, mail, created, total, updated_at, -toUnixTimestamp(updated_at) AS "u" FROM orders) WHERE updated_at > {since} ORDER BY "u"`,
      cursor: sorted,
    });

    await expect(read(await open())).rejects.toMatchObject({ problem: { code: 'SOURCE_QUERY' } });
    await expect(read(await falsely.open())).rejects.toMatchObject({
      problem: { code: 'SOURCE_CURSOR', what: expect.stringContaining('do not come in the order') },
    });
  });
});

test('check says version, columns, what is read of them, and whether an index finds what is new', async () => {
  const { open, database } = await aShop({ query: NEW, cursor });

  const facts = await (await open()).check();
  const other = { query: 'SELECT * FROM orders WHERE id > {since}', cursor: { field: 'id' } };
  const without = await (await open(other)).check();

  expect(facts[0]).toMatch(
    new RegExp(`^clickhouse ${database.name} at localhost:\\d+: ClickHouse \\d+\\.\\d[\\d.]*, without TLS$`),
  );
  expect(facts[1]).toMatch(
    /^columns of the query: id \(UInt64\), mail \(Nullable\(String\)\), created \(Date\)/,
  );
  expect(facts[2]).toBe('orders: order_id = id, email = mail, ordered_at = created, updated_at, total');
  expect(facts.at(-1)).toContain('cursor updated_at: an index finds what is new');
  expect(without.at(-1)).toContain('no index finds what is new');
});
