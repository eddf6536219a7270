import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITED, startClickHouse, STRANGER, type ClickHouseServer } from './clickhouse-server.ts';
import { CANARY, COLUMNS, errorOf, openOrders, problemOf, QUERY } from './query-problem.ts';
import { bytesOf, pullFrom, read } from './query-source.ts';

/** Counts for hours. */
const SLOW = `SELECT sum(number) AS id, toDate('2026-03-01') AS created, 1 AS total FROM numbers(100000000000000)`;

describe('a server', () => {
  let server: ClickHouseServer;
  beforeAll(async () => {
    server = await startClickHouse();
  }, 60_000);
  afterAll(() => server.stop());

  async function aShop() {
    const database = await server.database();
    await database.sql(
      'CREATE TABLE orders (id UInt32, created Date, total Decimal(12, 2), mail Nullable(String)) ENGINE = MergeTree ORDER BY id',
    );
    await database.sql(
      `INSERT INTO orders VALUES (1, '2026-03-01', 10, '${CANARY}'), (2, '2026-03-02', 20, NULL)`,
    );
    return database;
  }

  test.for([
    [
      'a database that is not there',
      { database: 'not_there' },
      'SOURCE_NOT_FOUND',
      /no database "not_there"/,
    ],
    [
      'a table that is not there',
      { query: 'SELECT id, created, total FROM ordrs' },
      'SOURCE_NOT_FOUND',
      /ordrs/,
    ],
    [
      'a database in the query that is not there',
      { query: 'SELECT id, created, total FROM nowhere.orders' },
      'SOURCE_NOT_FOUND',
      /nowhere/,
    ],
    [
      'a column that is not there',
      { query: `SELECT id, creatd AS created, total FROM orders WHERE mail <> '${CANARY}'` },
      'SOURCE_QUERY',
      /creatd/,
    ],
    [
      'a mistake in the query',
      { query: `SELECT id, '${CANARY}' AS m, created, total\nFORM orders WHERE mail = '${CANARY}'` },
      'SOURCE_QUERY',
      /syntax error at orders, line 2/,
    ],
    [
      'a bracket too many',
      { query: 'SELECT 1 AS id) UNION ALL (SELECT 2 AS id' },
      'SOURCE_QUERY',
      /syntax error/,
    ],
    [
      'types that do not go together',
      { query: `${QUERY} WHERE id = '${CANARY}'` },
      'SOURCE_QUERY',
      /TYPE_MISMATCH|CANNOT_PARSE|fails on the values/,
    ],
    [
      'a query that reads a file of the server',
      { query: `SELECT 1 AS id, * FROM file('/etc/passwd', 'LineAsString')` },
      'SOURCE_QUERY',
      /may only read, and nothing but tables/,
    ],
    [
      'a column that the settings name and the query lacks',
      { columns: { ...COLUMNS, email: 'mial' }, query: 'SELECT * FROM orders' },
      'SOURCE_MISSING_COLUMN',
      /"mial".*Did you mean "mail"/,
    ],
    ['columns without what orders need', { columns: undefined }, 'SOURCE_MISSING_COLUMN', /order_id/],
    [
      'a cursor that is a text',
      { query: 'SELECT * FROM orders WHERE mail > {since}', cursor: { field: 'mail' } },
      'SOURCE_CURSOR',
      /String/,
    ],
    [
      'a cursor that is compared with something of another type',
      {
        query: 'SELECT * FROM orders WHERE [id] > {since}',
        cursor: { field: 'created' },
      },
      'SOURCE_QUERY',
      /NO_COMMON_TYPE|ILLEGAL_TYPE/,
    ],
  ] as const)(
    '%s',
    async ([, { database: other, ...settings }, code, words]: readonly [
      string,
      { database?: string } & object,
      string,
      RegExp,
    ]) => {
      const { url } = await aShop();
      const problem = await problemOf('clickhouse', {
        url: other ? url.replace(/\/[^/]*$/, `/${other}`) : url,
        ...settings,
      });

      expect(problem).toMatchObject({ code, fix: expect.any(String) });
      expect(JSON.stringify(problem).replaceAll('\\"', '"')).toMatch(words);
    },
  );

  test('a user who is not let in, one who may not read, and one who may set nothing', async () => {
    const { name } = await aShop();

    expect(await problemOf('clickhouse', { url: server.url('owner', name, 'canary-wrong') })).toMatchObject({
      code: 'SOURCE_KEY_REFUSED',
      what: 'The database refused the user "owner".',
    });
    expect(await problemOf('clickhouse', { url: server.url(STRANGER, name) })).toMatchObject({
      code: 'SOURCE_PERMISSION',
      why: expect.stringContaining('grant SELECT'),
    });
    expect(await problemOf('clickhouse', { url: server.url('readonly_1', name) })).toMatchObject({
      code: 'SOURCE_PERMISSION',
      why: expect.stringContaining('readonly = 1'),
    });
  });

  test('a user whose profile keeps to reading is not told to', async () => {
    const { name } = await aShop();

    const { rows } = await read(await openOrders('clickhouse', { url: server.url('readonly_2', name) }));

    expect(rows).toHaveLength(2);
    expect(server.asked.at(-1)!.settings.has('readonly')).toBe(false);
  });

  test('a value that the query cannot work with is told without the value', async () => {
    const { url } = await aShop();
    const source = await openOrders('clickhouse', {
      url,
      query: `SELECT id, created, toDecimal32(ifNull(mail, ''), 2) AS total FROM orders`,
    });

    expect((await errorOf(read(source))).problem).toMatchObject({
      code: 'SOURCE_QUERY',
      what: expect.stringContaining('fails on the values of a row'),
    });
  });

  test('an error behind many rows fails the pull, and marks nothing', async () => {
    const { url } = await aShop();
    const marks: unknown[] = [];
    const source = await openOrders('clickhouse', {
      url,
      cursor: { field: 'id' },
      query: `SELECT toUInt32(number) AS id, toDate('2026-03-01') AS created, throwIf(number = 900000) AS total
              FROM numbers(1000000) WHERE number > {since}`,
    });
    const pulling = async () => {
      for await (const page of source.pull(pullFrom({}))) {
        for (const table of page.tables ?? []) await Array.fromAsync(bytesOf(table));
        if (page.marks) marks.push(page.marks);
      }
    };

    expect((await errorOf(pulling())).problem).toMatchObject({ code: 'SOURCE_QUERY' });
    expect(marks).toEqual([]);
  });

  test('the server ends a query that works too long', async () => {
    const { url } = await aShop();
    const source = await openOrders('clickhouse', { url, timeout: '1s', query: SLOW });

    const error = await errorOf(read(source));

    expect(error).toMatchObject({
      retry: 'next_run',
      problem: { code: 'SOURCE_TIMEOUT', what: 'The query took longer than 1 second.' },
    });
    expect((error.cause as { code?: string }).code).toBe('159');
  });

  test('a query over a limit of the user is told as that', async () => {
    const { url } = await aShop();
    const limited = server.url(LIMITED, new URL(url).pathname.slice(1));

    expect((await errorOf(read(await openOrders('clickhouse', { url: limited })))).problem).toMatchObject({
      code: 'SOURCE_QUERY',
      what: expect.stringContaining('TOO_MANY_ROWS'),
    });
  });

  test('a pull that is called off stops the query on the server', async () => {
    const { url } = await aShop();
    const stop = new AbortController();
    const source = await openOrders('clickhouse', { url, query: SLOW }, { signal: stop.signal });
    const before = server.asked.length;

    const pulling = read(source);
    pulling.catch(() => undefined);
    const rows = () => server.asked.slice(before).some(({ sql }) => sql.includes('TabSeparatedRaw'));
    await expect.poll(() => rows() && server.running() > 0, { timeout: 20_000 }).toBe(true);
    stop.abort();

    await expect(pulling).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    await expect.poll(server.running).toBe(0);
  });

  test.for([true, false])(
    'a connection that breaks midway is taken up again, sorted: %s',
    { timeout: 400_000 },
    async (sorted) => {
      const { url, sql } = await aShop();
      await sql(
        `INSERT INTO orders SELECT number + 10, '2026-03-03', 1, randomPrintableASCII(1000000) FROM numbers(20)`,
      );
      const log: string[] = [];
      const cursor = { field: 'id', sorted };
      const query = 'SELECT id, created, total, mail FROM orders WHERE id > {since} ORDER BY id';
      const source = await openOrders(
        'clickhouse',
        { url, query, cursor },
        { log: (message) => void log.push(message) },
      );
      server.cutNext(10_000_000);

      const { tables, rows, marks } = await read(source);

      expect(log).toEqual(['connection lost']);
      expect(new Set(rows.map(({ id }) => Number(id)))).toEqual(
        new Set([1, 2, ...Array.from({ length: 20 }, (_, index) => index + 10)]),
      );
      // Sorted, what came through is not read a second time.
      expect(rows.length).toBe(tables[0]!.rows.length + (sorted ? tables[1]!.rows.length : 22));
      expect(tables[0]!.rows.length).toBeGreaterThan(2);
      expect(marks.at(-1)).toBe('29');
      if (!sorted) expect(marks).toHaveLength(1);
    },
  );
});
