import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClickHouse, type ClickHouseServer } from './clickhouse-server.ts';
import { connection } from './database-connection.ts';
import { findServer } from './databases.ts';
import { missingBinaries, startServer, type OwnServer } from './database-servers.ts';
import { canCertify } from '../engine/certificates.ts';
import { PASSWORD } from '../engine/door.ts';
import { errorOf, openOrders, problemOf } from './query-problem.ts';

for (const engine of ['postgres', 'mysql'] as const) {
  const missing = missingBinaries(engine);
  const title = engine === 'postgres' ? 'PostgreSQL' : 'MariaDB';

  test.runIf(missing)(`${title}: passwords and TLS are not tried`, ({ skip }) => skip(`skipped: ${missing}`));

  describe.skipIf(missing)(`${title} with a password and TLS`, () => {
    let own: OwnServer;
    beforeAll(async () => {
      own = await startServer(engine);
      await connection(engine, `${own.url}/shop`, (ask) =>
        ask('CREATE TABLE orders (id int, created date, total int)'),
      );
    }, 120_000);
    afterAll(() => own?.stop());
    const facts = (settings: object, url = `${own.url}/shop`) =>
      openOrders(engine, { url, ...settings }).then((source) => source.check());

    test('a wrong password', async () => {
      const url = `${own.url.replace(encodeURIComponent(PASSWORD), 'canary-wrong')}/shop`;

      expect(await problemOf(engine, { url })).toMatchObject({
        code: 'SOURCE_KEY_REFUSED',
        what: 'The database refused the user "owner".',
      });
    });

    test('a password with every sign that means something in a URL', async () => {
      expect(await facts({})).toContainEqual(expect.stringContaining('without TLS'));
    });

    test('a certificate of an authority that nobody knows is refused, known by `ca` or not looked at', async () => {
      expect(await problemOf(engine, { url: `${own.url}/shop`, ssl: 'verify' })).toMatchObject({
        code: 'SOURCE_TLS',
        what: expect.stringContaining('cannot be trusted'),
      });
      expect(await facts({ ssl: 'verify', ca: own.ca })).toContainEqual(
        expect.stringMatching(/TLSv1\.\d, certificate verified/),
      );
      expect(await facts({}, `${own.url}/shop?sslmode=require`)).toContainEqual(
        expect.stringMatching(/TLSv1\.\d, certificate not verified/),
      );
    });

    test('a certificate for another host is refused', async () => {
      const url = `${own.url.replace('localhost', '127.0.0.1')}/shop`;

      expect(await problemOf(engine, { url, ssl: 'verify', ca: own.ca })).toMatchObject({
        code: 'SOURCE_TLS',
      });
    });

    test('a user who must use TLS and does not', async () => {
      const url = `${own.url.replace('owner', 'only_tls')}/shop`;
      const problem = await problemOf(engine, { url });

      expect(problem.code).toBe(engine === 'postgres' ? 'SOURCE_TLS' : 'SOURCE_KEY_REFUSED');
    });
  });

  const server = await findServer(engine);
  test.skipIf(server.missing)(`${server.title}: TLS is asked of a server without it`, async () => {
    const { url } = await server.database();

    expect(
      await problemOf(engine, { url: url.replace('127.0.0.1', 'localhost'), ssl: 'verify' }),
    ).toMatchObject({
      code: 'SOURCE_TLS',
      what: expect.stringContaining('has no TLS'),
    });
  });
}

describe.runIf(canCertify)('ClickHouse with TLS', () => {
  let server: ClickHouseServer;
  beforeAll(async () => {
    server = await startClickHouse({ tls: true });
  }, 60_000);
  afterAll(() => server.stop());

  async function facts(settings: object, url?: string): Promise<string[]> {
    const database = await server.database();
    await database.sql(
      'CREATE TABLE orders (id UInt32, created Date, total Int32) ENGINE = MergeTree ORDER BY id',
    );
    const source = await openOrders('clickhouse', { url: url ?? database.url, ...settings });
    return source.check();
  }

  test('a certificate of an authority that nobody knows is refused, known by `ca` or not looked at', async () => {
    expect((await errorOf(facts({}))).problem).toMatchObject({
      code: 'SOURCE_TLS',
      what: expect.stringContaining('cannot be trusted'),
    });
    expect(await facts({ ca: server.ca })).toContainEqual(
      expect.stringMatching(/TLSv1\.\d, certificate verified/),
    );
    expect(await facts({ ssl: 'unverified' })).toContainEqual(
      expect.stringMatching(/TLSv1\.\d, certificate not verified/),
    );
  });

  test('a certificate for another host is refused', async () => {
    const url = server.url('owner', 'default').replace('localhost', '127.0.0.1');

    expect((await errorOf(facts({ ca: server.ca }, url))).problem).toMatchObject({ code: 'SOURCE_TLS' });
  });

  test('a user who comes without TLS', async () => {
    const url = server.url('owner', 'default').replace('https:', 'http:');

    expect((await errorOf(facts({}, url))).problem.code).toMatch(/SOURCE_(TLS|DOWN)/);
  });
});
