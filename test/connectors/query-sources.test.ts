import { describe, expect, test } from 'vitest';
import type { Engine } from './database-connection.ts';
import { findServer, type TestDatabase } from './databases.ts';
import { bytesOf, definitionOf, openSource, read } from './query-source.ts';

const INSTANT: Record<Engine, string> = { postgres: 'timestamptz', mysql: 'timestamp(6) NULL' };
const LOCAL: Record<Engine, string> = { postgres: 'timestamp', mysql: 'datetime(6)' };

/** Orders 1 to 3, the second changed last. */
async function makeOrders(engine: Engine, database: TestDatabase): Promise<void> {
  await database.sql(
    `CREATE TABLE orders (id bigint PRIMARY KEY, mail varchar(80), created date, total decimal(12, 2),
       updated_at ${INSTANT[engine]}, changed_local ${LOCAL[engine]})`,
  );
  await database.sql(
    `INSERT INTO orders VALUES
       (1, 'ana@example.com', '2026-03-01', 29.90, '2026-03-02 10:00:00', '2026-03-02 12:00:00'),
       (2, 'ion@example.com', '2026-03-02', 10.00, '2026-03-04 10:00:00.25', '2026-03-04 12:00:00.25'),
       (3, NULL, '2026-03-03', 5.00, '2026-03-03 10:00:00', '2026-03-03 12:00:00')`,
  );
}

const COLUMNS = {
  order_id: 'id',
  email: 'mail',
  ordered_at: 'created',
  total: 'total',
  updated_at: 'updated_at',
};
const ids = (rows: readonly Record<string, unknown>[]) => rows.map(({ id }) => Number(id));

for (const engine of ['postgres', 'mysql'] as const) {
  const server = await findServer(engine);

  test.runIf(server.missing)(`${server.title}: nothing is tried where no server is`, ({ skip }) => {
    skip(`skipped: ${server.missing}`);
  });

  describe.skipIf(server.missing)(server.title, () => {
    /** A source on a database with three orders. */
    const aShop = async (settings: object = {}) => {
      const database = await server.database();
      await makeOrders(engine, database);
      const type = { url: database.url, query: 'SELECT * FROM orders ORDER BY id', columns: COLUMNS };
      const open = (more: object = {}, opening = {}) =>
        openSource(engine, { ...type, ...settings, ...more }, opening);
      return { database, open };
    };
    const NEW = 'SELECT * FROM orders WHERE updated_at > {since}';
    const cursor = { field: 'updated_at', lag: '1h' };

    test('every row of the query comes, with nulls, exact amounts and the meaning of its columns', async () => {
      const { open, database } = await aShop();

      const { rows, pages, marks } = await read(await open());

      expect(rows.map(({ id, mail, created, total }) => [id, mail, created, total])).toEqual([
        ['1', 'ana@example.com', '2026-03-01', '29.90'],
        ['2', 'ion@example.com', '2026-03-02', '10.00'],
        ['3', null, '2026-03-03', '5.00'],
      ]);
      expect(pages[0]!.tables![0]).toMatchObject({
        name: `query of ${database.name}`,
        meaning: { records: 'orders', columns: COLUMNS, dates: 'iso', decimal: '.' },
      });
      expect(marks).toEqual([]);
    });

    test('columns that have our names need no settings', async () => {
      const { open } = await aShop({ columns: undefined });

      const { pages } = await read(
        await open({ query: 'SELECT id AS order_id, created AS ordered_at, total, 1 AS other FROM orders' }),
      );

      expect(pages[0]!.tables![0]!.meaning.columns).toEqual({
        order_id: 'order_id',
        ordered_at: 'ordered_at',
        total: 'total',
      });
    });

    test('the first pull reads everything and the next what changed since, the last change again', async () => {
      const { open, database } = await aShop({ query: NEW, cursor });

      const first = await read(await open());
      await database.sql(`UPDATE orders SET total = 6, updated_at = '2026-03-05 00:00:00' WHERE id = 3`);
      const next = await read(await open(), { mark: first.marks[0], since: '2026-03-04T10:00:00.250Z' });

      expect(ids(first.rows)).toHaveLength(3);
      expect(first.marks).toEqual(['2026-03-04T10:00:00.250Z']);
      expect(ids(next.rows).toSorted()).toEqual([2, 3]);
      expect(next.marks).toEqual(['2026-03-05T00:00:00.000Z']);
    });

    test('what the server marks is in UTC whatever zone it is set to', async () => {
      const { open, database } = await aShop({ query: NEW, cursor });
      if (engine === 'postgres')
        await database.sql(`ALTER DATABASE ${database.name} SET timezone TO 'America/New_York'`);

      const { rows, marks } = await read(await open());

      expect(rows.find(({ id }) => id === '1')!.updated_at).toMatch(/^2026-03-02 10:00:00(\.0+)?\+00$/);
      expect(marks).toEqual(['2026-03-04T10:00:00.250Z']);
    });

    test('times without a zone are compared and marked in the zone of the settings', async () => {
      const settings = {
        query: 'SELECT * FROM orders WHERE changed_local > {since}',
        cursor: { field: 'changed_local', lag: '1h' },
        timezone: 'Europe/Bucharest',
      };
      const { open } = await aShop(settings);

      const all = await read(await open());
      const since = await read(await open(), { since: '2026-03-03T10:00:00.000Z' });

      expect(all.marks).toEqual(['2026-03-04T10:00:00.250Z']);
      expect(ids(since.rows).toSorted()).toEqual([2, 3]);
    });

    test('dates can be the cursor; the day of the mark is read again', async () => {
      const { open } = await aShop({
        query: 'SELECT * FROM orders WHERE created > {since}',
        cursor: { field: 'created', lag: '1h' },
        timezone: 'Europe/Bucharest',
      });

      const all = await read(await open());
      const since = await read(await open(), { since: '2026-03-02T21:00:00.000Z' });

      expect(all.marks).toEqual(['2026-03-02T22:00:00.000Z']);
      expect(ids(since.rows).toSorted()).toEqual([2, 3]);
    });

    test('growing numbers can be the cursor, with a lag and a start in numbers', async () => {
      const { open, database } = await aShop({
        query: 'SELECT * FROM orders WHERE id > {since}',
        cursor: { field: 'id', lag: 1, start: 2 },
      });
      await database.sql(
        `INSERT INTO orders (id, created, total) VALUES (9007199254740993, '2026-03-05', 1)`,
      );

      const first = await read(await open(), { since: '2' });
      const next = await read(await open(), { mark: '9007199254740993' });

      expect(first.rows.map(({ id }) => id)).toEqual(['2', '3', '9007199254740993']);
      expect(first.marks).toEqual(['9007199254740993']);
      expect(next.rows.map(({ id }) => id)).toEqual(['9007199254740993']);
      await expect(read(await open({ cursor: { field: 'id', lag: '2d' } }))).rejects.toMatchObject({
        problem: { code: 'SOURCE_CURSOR' },
      });
    });

    test('a time in the future does not hide what changes until then', async () => {
      const { open, database } = await aShop({ query: NEW, cursor });
      await database.sql(`UPDATE orders SET updated_at = '2037-01-01 00:00:00' WHERE id = 1`);

      const { marks } = await read(await open());

      expect(Date.parse(marks[0]!)).toBeLessThanOrEqual(Date.now() + 60_000);
    });

    test('a pull that finds nothing new leaves the mark', async () => {
      const { open } = await aShop({ query: NEW, cursor });

      const { rows, marks, pages } = await read(await open(), { mark: '2030-01-01T00:00:00.000Z' });

      expect(rows).toEqual([]);
      expect(marks).toEqual([]);
      expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([]);
    });

    test('an empty table is told of', async () => {
      const { open, database } = await aShop();
      await database.sql('DELETE FROM orders');

      const { pages } = await read(await open());

      expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([
        expect.stringContaining('the query gave no rows'),
      ]);
    });

    test('a value is bound and never becomes part of the query', async () => {
      const { open } = await aShop({
        query: `SELECT * FROM orders /* {since} */ WHERE updated_at > {since} OR (updated_at = {since} AND 'x;--' <> '') -- end`,
        cursor,
      });

      const { rows } = await read(await open(), { since: '2026-03-03T10:00:00.001Z' });

      expect(ids(rows).toSorted()).toEqual([2, 3]);
    });

    test('rows with separators, quotes, line ends, marks of null and letters of every script come whole', async () => {
      const { open, database } = await aShop({
        columns: { order_id: 'id', ordered_at: 'created', total: 'total', last_name: 'name' },
        query: 'SELECT id, created, total, name FROM orders ORDER BY id',
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
      ];
      await database.sql(
        `ALTER TABLE orders ADD name varchar(80)${engine === 'mysql' ? ' CHARACTER SET utf8mb4' : ''}`,
      );
      await database.sql('DELETE FROM orders');
      const literal = (text: string) =>
        `'${(engine === 'mysql' ? text.replaceAll('\\', '\\\\') : text).replaceAll("'", "''")}'`;
      const values = names.map((name, index) => `(${index}, '2026-03-01', 1, ${literal(name)})`);
      await database.sql(`INSERT INTO orders (id, created, total, name) VALUES ${values.join(', ')}`);

      const { rows } = await read(await open());

      expect(rows.map(({ name }) => name)).toEqual(names);
    });

    describe('sorted', () => {
      const SORTED = `${NEW} ORDER BY updated_at`;

      test(
        'the mark moves with the rows, and each part says how many came before',
        { timeout: 400_000 },
        async () => {
          const { open, database } = await aShop({ query: SORTED, cursor: { ...cursor, sorted: true } });
          await database.sql(`ALTER TABLE orders ADD note ${engine === 'mysql' ? 'longtext' : 'text'}`);
          const more = [4, 5, 6, 7, 8, 9].map((id) => `(${id}, '2026-03-03', 1, '2026-03-03 10:00:0${id}')`);
          await database.sql(`INSERT INTO orders (id, created, total, updated_at) VALUES ${more.join(', ')}`);
          await database.sql(`UPDATE orders SET note = repeat('x', 9000000)`);

          const { tables, marks } = await read(await open());

          expect(tables.length).toBeGreaterThan(1);
          expect(tables.flatMap(({ rows }) => ids(rows))).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 2]);
          let seen = 0;
          for (const [index, { rows_before, rows }] of tables.entries()) {
            expect(rows_before).toBe(seen);
            seen += rows.length;
            const [at] = [1, 3, 4, 5, 6, 7, 8, 9, 2].slice(0, seen).slice(-1);
            const last = tables.flatMap(({ rows }) => rows).find(({ id }) => id === String(at))!.updated_at!;
            expect(marks[index]).toBe(new Date(last.replace(/\+00$/, 'Z')).toISOString());
          }
        },
      );

      test('rows in another order stop the pull, and the mark goes back', async () => {
        const { open } = await aShop({
          query:
            'SELECT id, mail, created, total, updated_at FROM (SELECT id, mail, created, total, updated_at, id AS n FROM orders) AS o WHERE updated_at > {since} ORDER BY updated_at',
          cursor: { ...cursor, sorted: true },
        });
        const falsely = await aShop({
          query: `SELECT id, mail, created, total, o.updated_at FROM (SELECT orders.*, id AS n FROM orders) AS o
                  JOIN (SELECT id AS i, updated_at FROM orders) AS x ON i = 4 - o.id WHERE o.updated_at > {since} ORDER BY x.updated_at`,
          cursor: { ...cursor, sorted: true },
        });
        const marks: (string | undefined)[] = [];
        const pulling = (async () => {
          for await (const page of (await falsely.open()).pull({
            marks: new Map([['query', '2020-01-01T00:00:00.000Z']]),
            since: new Map(),
          })) {
            for (const table of page.tables ?? []) await Array.fromAsync(bytesOf(table));
            if (page.marks) marks.push(page.marks.query);
          }
        })();

        await expect(pulling).rejects.toMatchObject({
          problem: { code: 'SOURCE_CURSOR', what: expect.stringContaining('do not come in the order') },
        });
        expect(marks).toEqual(['2020-01-01T00:00:00.000Z']);
        expect((await read(await open())).marks).toEqual(['2026-03-04T10:00:00.250Z']);
      });
    });

    test('the identity and the settings tell sources apart without a secret', async () => {
      const { identity, settings } = definitionOf(engine);
      const type = { columns: COLUMNS, url: `${engine}://u:canary-password@h/d` };
      const of = (query: string, url = type.url) => identity(settings.parse({ ...type, query, url }));

      expect(of('SELECT 1')).not.toContain('canary');
      expect(of('SELECT 1')).toBe(of('SELECT 1', `${engine}://other:secret@h/d`));
      expect(new Set([of('SELECT 1'), of('SELECT 2'), of('SELECT 1', `${engine}://u:p@h/e`)]).size).toBe(3);
    });
  });
}
