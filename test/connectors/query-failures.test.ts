import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { connection, type Engine } from './database-connection.ts';
import { findServer } from './databases.ts';
import { CANARY, COLUMNS, openOrders, problemOf, QUERY } from './query-problem.ts';
import { bytesOf, openSource, pullFrom, read } from './query-source.ts';

for (const engine of ['postgres', 'mysql'] as const) {
  const server = await findServer(engine);

  test.runIf(server.missing)(`${server.title}: failures are not tried where no server is`, ({ skip }) => {
    skip(`skipped: ${server.missing}`);
  });

  describe.skipIf(server.missing)(server.title, () => {
    const aShop = async () => {
      const database = await server.database();
      await database.sql(
        'CREATE TABLE orders (id int PRIMARY KEY, created date, total decimal(12, 2), mail varchar(80))',
      );
      await database.sql(
        `INSERT INTO orders VALUES (1, '2026-03-01', 10, '${CANARY}'), (2, '2026-03-02', 20, NULL)`,
      );
      return database;
    };

    test('check says version, columns, what is read of them, and whether an index finds what is new', async () => {
      const { url, sql, name } = await aShop();
      const cursor = { field: 'created', lag: '1d' };
      const settings = { url, query: `${QUERY} WHERE created > {since}`, cursor };

      const without = await (await openOrders(engine, settings)).check();
      await sql('CREATE INDEX newest ON orders (created)');
      const facts = await (await openOrders(engine, settings)).check();

      expect(facts[0]).toMatch(
        new RegExp(`^${engine} ${name} at .*: (PostgreSQL|MariaDB|MySQL) \\d.*, without TLS$`),
      );
      expect(facts[1]).toMatch(
        /^columns of the query: id \(int\w*\), created \(date\), total \((numeric|decimal).*\)$/,
      );
      expect(facts[2]).toBe('orders: order_id = id, ordered_at = created, total');
      expect(without.at(-1)).toContain('no index finds what is new');
      expect(facts.at(-1)).toContain('an index finds what is new');
    });

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
        'a column that is not there',
        { query: 'SELECT id, creatd AS created, total FROM orders' },
        'SOURCE_QUERY',
        /creatd/,
      ],
      [
        'a mistake in the query',
        { query: 'SELECT id, created, total\nFORM orders' },
        'SOURCE_QUERY',
        /orders|FORM/,
      ],
      [
        'a column that the settings name and the query lacks',
        { columns: { ...COLUMNS, email: 'mial' }, query: 'SELECT * FROM orders' },
        'SOURCE_MISSING_COLUMN',
        /"mial".*Did you mean "mail"/,
      ],
      ['columns without what orders need', { columns: undefined }, 'SOURCE_MISSING_COLUMN', /order_id/],
      [
        'two columns of one name',
        { query: 'SELECT o.id, o.created, o.total, p.id FROM orders AS o JOIN orders AS p ON p.id = o.id' },
        'SOURCE_MISSING_COLUMN',
        /Two columns.*"id"/,
      ],
      [
        'a cursor that the query does not give',
        { query: `${QUERY} WHERE id > {since}`, cursor: { field: 'changed' } },
        'SOURCE_CURSOR',
        /changed/,
      ],
      [
        'a cursor that is a text by now',
        { query: 'SELECT * FROM orders WHERE mail > {since}', cursor: { field: 'mail' } },
        'SOURCE_CURSOR',
        /text|character/,
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
        const problem = await problemOf(engine, {
          url: other ? url.replace(/\/[^/]*$/, `/${other}`) : url,
          ...settings,
        });

        expect(problem).toMatchObject({ code, fix: expect.any(String) });
        expect(JSON.stringify(problem).replaceAll('\\"', '"')).toMatch(words);
      },
    );

    test('a value that the query cannot work with is told without the value', async () => {
      const { url } = await aShop();
      const broken = { postgres: 'mail::int', mysql: '(SELECT mail UNION SELECT created)' }[engine];
      const source = await openSource(engine, {
        url,
        columns: COLUMNS,
        query: `SELECT id, created, ${broken} AS total FROM orders`,
      });

      const error = await read(source).catch((error: unknown) => error as SyncError);

      expect(error).toBeInstanceOf(SyncError);
      expect(JSON.stringify((error as SyncError).problem)).not.toContain('aviary');
    });

    test('a user who may not read the table, and one whose password is wrong', async () => {
      const { url, sql, name } = await aShop();
      const user = `u_${name.slice(-10)}`;
      const host = engine === 'mysql' ? `${user}@'%'` : user;
      await sql(`CREATE USER ${host} ${engine === 'mysql' ? 'IDENTIFIED BY' : 'PASSWORD'} 'canary-password'`);
      onTestFinished(async () => void (await sql(`DROP USER ${host}`)));
      if (engine === 'mysql') {
        await sql('CREATE TABLE others (id int)');
        await sql(`GRANT SELECT ON ${name}.others TO ${host}`);
      }
      const as = (password: string) => url.replace(/\/\/[^@]*@/, `//${user}:${password}@`);

      expect(await problemOf(engine, { url: as('canary-password') })).toMatchObject({
        code: 'SOURCE_PERMISSION',
        what: expect.stringContaining(user),
      });
      if (engine === 'postgres') return;
      expect(await problemOf(engine, { url: as('canary-wrong') })).toMatchObject({
        code: 'SOURCE_KEY_REFUSED',
      });
    });

    const slowly = { postgres: 'pg_sleep(1000)', mysql: 'SLEEP(1000)' }[engine];
    const SLOW = `SELECT id, created, total, ${slowly} AS s FROM orders`;

    test('the server ends a query that works too long', async () => {
      const { url } = await aShop();
      const source = await openSource(engine, { url, columns: COLUMNS, timeout: '1s', query: SLOW });

      const error = await read(source).catch((error: unknown) => error as SyncError);

      expect(error).toMatchObject({
        retry: 'next_run',
        problem: {
          code: 'SOURCE_TIMEOUT',
          what: 'The query took longer than 1 second.',
          fix: expect.stringContaining('raise `timeout`'),
        },
      });
      // The server's own word for it, and not this program's patience.
      const { code, errno } = (error as SyncError).cause as { code?: string; errno?: number };
      expect(errno ?? code).toSatisfy((said) => ['57014', 1969, 3024].includes(said as string));
      expect(await running(engine, url, slowly)).toEqual([]);
    });

    test('a query that somebody stops on the server', async () => {
      const { url } = await aShop();
      const source = await openSource(engine, { url, columns: COLUMNS, query: SLOW });
      const pulling = read(source).catch((error: unknown) => error as SyncError);
      await stopStatement(engine, url, slowly);

      expect(await pulling).toMatchObject({
        problem: { code: 'SOURCE_DOWN', what: 'Somebody stopped the query on the server.' },
      });
    });

    test('nothing is written, whatever the query calls', async () => {
      const { url, sql } = await aShop();
      if (engine === 'postgres') {
        await sql(`CREATE FUNCTION harm() RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'`);
      } else {
        await sql(
          'CREATE FUNCTION harm() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM orders; RETURN 1; END',
        );
      }

      const source = await openSource(engine, {
        url,
        columns: COLUMNS,
        query: 'SELECT id, created, total, harm() AS h FROM orders',
      });

      await expect(read(source)).rejects.toMatchObject({ problem: { code: 'SOURCE_QUERY' } });
      expect(await sql('SELECT id FROM orders')).toHaveLength(2);
    });

    test('a pull that is called off stops the query on the server', async () => {
      const { url } = await aShop();
      const stop = new AbortController();
      const source = await openSource(
        engine,
        { url, columns: COLUMNS, query: SLOW },
        { signal: stop.signal },
      );

      const pulling = read(source);
      pulling.catch(() => undefined);
      await untilRunning(engine, url, slowly);
      stop.abort();

      await expect(pulling).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
      // The server hears of it on another connection, and takes a moment.
      await vi.waitFor(async () => expect(await running(engine, url, slowly)).toEqual([]), 5000);
    });

    test.for([true, false])(
      'a connection that breaks midway is taken up again, sorted: %s',
      { timeout: 400_000 },
      async (sorted) => {
        const { url, sql } = await aShop();
        const wide = engine === 'mysql' ? 'longtext' : 'text';
        await sql(`ALTER TABLE orders ADD note ${wide}`);
        const ids = Array.from({ length: 20 }, (_, index) => index + 10);
        await sql(
          `INSERT INTO orders (id, created, total) VALUES ${ids.map((id) => `(${id}, '2026-03-03', 1)`).join(', ')}`,
        );
        await sql(`UPDATE orders SET note = repeat('x', 4000000)`);
        const log: string[] = [];
        const query = `SELECT id, created, total, note FROM orders WHERE id > {since} ORDER BY id`;
        const cursor = { field: 'id', sorted };
        const source = await openSource(
          engine,
          { url, columns: COLUMNS, query, cursor },
          { log: (message) => void log.push(message) },
        );
        const rows: string[] = [];
        const marks: string[] = [];
        let pieces = 0;

        for await (const page of source.pull(pullFrom({}))) {
          for (const table of page.tables ?? []) {
            let text = '';
            for await (const piece of bytesOf(table)) {
              text += Buffer.from(piece).toString().replaceAll('x', '');
              // The first piece is the line of names, before anything is asked.
              pieces += 1;
              if (pieces !== 2) continue;
              await stopConnection(engine, url, 'FROM orders WHERE id >');
            }
            rows.push(
              ...text
                .split('\n')
                .slice(1, -1)
                .map((line) => line.split(',')[0]!),
            );
          }
          if (page.marks) marks.push(page.marks.query!);
        }

        expect(log).toEqual(['connection lost']);
        expect(new Set(rows)).toEqual(new Set(['1', '2', ...ids.map(String)]));
        expect(marks.at(-1)).toBe('29');
        if (!sorted) expect(marks).toHaveLength(1);
      },
    );
  });
}

const ACTIVE: Record<Engine, string> = {
  postgres: `SELECT pid AS id, query FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()`,
  mysql: `SELECT id, info AS query FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Sleep'`,
};

async function running(engine: Engine, url: string, part: string): Promise<{ id: number; query: string }[]> {
  const rows = (await connection(engine, url, (ask) => ask(ACTIVE[engine]))) as {
    id: number;
    query: string | null;
  }[];
  return rows.filter(({ query }) => query?.includes(part)) as { id: number; query: string }[];
}

async function untilRunning(engine: Engine, url: string, part: string): Promise<number> {
  for (;;) {
    const [found] = await running(engine, url, part);
    if (found) return found.id;
  }
}

async function stopStatement(engine: Engine, url: string, part: string): Promise<void> {
  const id = await untilRunning(engine, url, part);
  await connection(engine, url, (ask) =>
    ask(engine === 'mysql' ? `KILL QUERY ${id}` : `SELECT pg_cancel_backend(${id})`),
  );
}

async function stopConnection(engine: Engine, url: string, part: string): Promise<void> {
  const id = await untilRunning(engine, url, part);
  await connection(engine, url, (ask) =>
    ask(engine === 'mysql' ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`),
  );
}
