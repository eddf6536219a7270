import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { type Engine, openEngine } from '../../src/engine/engine.ts';
import { asProblem } from '../../src/run/problem.ts';
import { canCertify } from './certificates.ts';
import { openDoor, PASSWORD, USER } from './door.ts';
import { openServerStore, type ServerStore } from './places.ts';
import { readAll, thrown } from './reading.ts';
import { until } from './state-dir.ts';

const CANARY = 'canary-wrong-word';
const ENDLESS = 'SELECT number FROM numbers(1000000000000)';
const MANY = 'SELECT number FROM numbers(2000000)';

let store: ServerStore;
beforeEach(async () => {
  store = await openServerStore();
});
afterEach(() => store.leave());

async function connected(more: Partial<ServerStore['settings']> = {}): Promise<Engine> {
  const engine = await openEngine({ ...store.settings, ...more });
  onTestFinished(() => engine.close());
  return engine;
}

async function refused(more: Partial<ServerStore['settings']>): Promise<SyncError> {
  const error = await thrown(openEngine({ ...store.settings, ...more }));
  expect(error).toBeInstanceOf(SyncError);
  expect(JSON.stringify((error as SyncError).problem)).not.toMatch(`${CANARY}|${PASSWORD}`);
  return error as SyncError;
}

const gone = {
  problem: { code: 'ENGINE_LOST', where: expect.stringMatching(/^localhost:\d+$/) },
  retry: 'now',
};

async function numbersTable(engine: Engine): Promise<void> {
  await engine.command(
    'CREATE TABLE t (number UInt64) ENGINE = MergeTree ORDER BY number SETTINGS non_replicated_deduplication_window = 100',
  );
}

describe('a server that lets nobody in', () => {
  test.for([
    ['a wrong password', { password: CANARY }, 'ENGINE_KEY_REFUSED', /"owner"/],
    ['an unknown user', { user: 'nobody' }, 'ENGINE_KEY_REFUSED', /"nobody"/],
    ['a database that is not there', { database: 'nowhere' }, 'ENGINE_DATABASE', /CREATE DATABASE nowhere/],
    [
      'a host that is not there',
      { url: 'https://nowhere.invalid:8443' },
      'ENGINE_LOST',
      /no host "nowhere.invalid"/,
    ],
    [
      'a port where nothing listens',
      { url: 'https://127.0.0.1:9' },
      'ENGINE_LOST',
      /Nothing answers at 127.0.0.1:9/,
    ],
  ] as const)('%s', async ([, settings, code, words]) => {
    const { problem } = await refused(settings);

    expect(problem).toMatchObject({ code, fix: expect.any(String) });
    expect(`${problem.what} ${problem.fix}`).toMatch(words);
  });

  test('a user whose profile takes no settings', async () => {
    store.door.next({
      say: "Code: 452. DB::Exception: Setting join_use_nulls shouldn't be less than 2. (SETTING_CONSTRAINT_VIOLATION)",
    });
    expect((await refused({})).problem).toMatchObject({
      code: 'ENGINE_PERMISSION',
      what: expect.stringContaining('"owner"'),
    });
  });

  test('a user who may not make tables is told which right is missing', async () => {
    const engine = await connected();
    store.door.next({
      at: /^CREATE TABLE/,
      say: "Code: 497. DB::Exception: owner: Not enough privileges. To execute this query, it's necessary to have the grant CREATE TABLE ON segment_sync.orders. (ACCESS_DENIED)",
    });

    const error = await thrown(numbersTable(engine));

    expect(asProblem(error, 'the store')).toMatchObject({
      code: 'ENGINE_PERMISSION',
      why: expect.stringContaining('the grant CREATE TABLE ON segment_sync.orders.'),
    });
  });

  test('a password that is changed while it is in use', async () => {
    const engine = await connected();
    store.door.next({
      say: 'Code: 516. DB::Exception: owner: Authentication failed. (AUTHENTICATION_FAILED)',
    });

    expect(await thrown(engine.query('SELECT 1'))).toMatchObject({ problem: { code: 'ENGINE_KEY_REFUSED' } });
  });

  test('a server that takes connections and says nothing', async () => {
    store.door.freeze(true);

    expect(await refused({ gone_after: 500 })).toMatchObject(gone);
  });

  test('something that is no ClickHouse', async () => {
    for (let asked = 0; asked < 2; asked += 1) store.door.next({ say: '<html>Bad Gateway</html>' });

    expect(await refused({})).toMatchObject(gone);
  });
});

describe.runIf(canCertify)('TLS', () => {
  test('a certificate of an authority that nobody knows', async () => {
    const { problem } = await refused({ ca: undefined });

    expect(problem).toMatchObject({ code: 'ENGINE_TLS', fix: expect.stringContaining('`engine.ca`') });
  });

  test('a certificate for another host', async () => {
    expect((await refused({ url: store.settings.url.replace('localhost', '127.0.0.1') })).problem.code).toBe(
      'ENGINE_TLS',
    );
  });

  test('a file that is not there', async () => {
    expect((await refused({ ca: '/nowhere/ca.pem' })).problem).toMatchObject({
      code: 'ENGINE_TLS',
      where: 'engine.ca',
    });
  });

  test('TLS that only one side speaks', async () => {
    const plain = await openDoor();
    onTestFinished(() => plain.stop());

    expect((await refused({ url: plain.url.replace('http', 'https') })).problem).toMatchObject({
      code: 'ENGINE_TLS',
      what: expect.stringContaining('has no TLS'),
    });
  });

  test('a server that asks for a certificate: with a password, in its place, and without any', async () => {
    const door = await openDoor({ tls: 'both' });
    onTestFinished(() => door.stop());
    const file = (name: string) => join(door.certificates, name);
    const settings = {
      url: door.url,
      ca: file('ca.pem'),
      cert: file('client.pem'),
      key: file('client.key'),
      database: undefined,
    };
    const one = async (more: object) => {
      const engine = await openEngine({ ...settings, user: USER, ...more });
      const rows = await engine.query('SELECT 1 AS one');
      await engine.close();
      return rows;
    };

    expect(await one({ password: PASSWORD })).toEqual([{ one: 1 }]);
    expect(await one({})).toEqual([{ one: 1 }]);
    expect((await refused({ ...settings, user: 'other', password: '' })).problem).toMatchObject({
      code: 'ENGINE_KEY_REFUSED',
      fix: expect.stringContaining('`engine.cert`'),
    });
    expect((await refused({ ...settings, cert: undefined, key: undefined })).problem.code).toBe('ENGINE_TLS');
  });
});

describe('a connection that breaks off', () => {
  test('before an answer: a query is asked again, and a command, which may have been done, is not', async () => {
    const engine = await connected();
    await numbersTable(engine);
    for (const at of [/AS one/, /^INSERT INTO t SELECT/])
      store.door.next({ at, cut: { of: 'answer', after: 0 } });

    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await thrown(engine.command('INSERT INTO t SELECT 1'))).toMatchObject(gone);
    expect(await engine.query('SELECT number FROM t')).toEqual([{ number: '1' }]);
  });

  test('on the way there: a command is lost, and nothing of it done', async () => {
    const engine = await connected();
    await numbersTable(engine);
    store.door.next({ at: /^INSERT INTO t SELECT/, cut: { of: 'request', after: 0 } });

    expect(await thrown(engine.command('INSERT INTO t SELECT 1'))).toMatchObject(gone);
    expect(await engine.query('SELECT number FROM t')).toEqual([]);
  });

  test('after an insert with a token, before its answer: it is sent again and stored once', async () => {
    const engine = await connected();
    await numbersTable(engine);
    store.door.next({ at: /^INSERT INTO t FORMAT/, cut: { of: 'answer', after: 0 } });

    await engine.insert('t', [{ number: 1 }], { token: 'once' });

    expect(await engine.query('SELECT number FROM t')).toEqual([{ number: '1' }]);
    expect(store.door.asked.filter(({ sql }) => sql.startsWith('INSERT INTO t FORMAT'))).toHaveLength(2);
  });

  test('midway in rows that are sent: nothing is stored, with a token they are sent again', async () => {
    const engine = await connected();
    await numbersTable(engine);
    const rows = Array.from({ length: 100_000 }, (_, number) => ({ number }));
    const midway = () =>
      store.door.next({ at: /^INSERT INTO t FORMAT/, cut: { of: 'request', after: 300_000 } });
    const count = () => engine.query('SELECT count() AS n FROM t');

    midway();
    expect(await thrown(engine.insert('t', rows.values()))).toMatchObject(gone);
    expect(await count()).toEqual([{ n: '0' }]);

    midway();
    await engine.insert('t', rows, { token: 'once' });
    expect(await count()).toEqual([{ n: '100000' }]);
  });

  test('midway in a result: whoever reads is told, and never takes it for whole', async () => {
    const engine = await connected();
    for (let time = 0; time < 2; time += 1)
      store.door.next({ at: /numbers\(2000000\)/, cut: { of: 'answer', after: 1_000_000 } });

    expect(await thrown(readAll(engine.stream(MANY)))).toMatchObject(gone);
    const bytes = await engine.bytes(`${MANY} FORMAT CSV`);
    expect(
      await thrown(
        (async () => {
          for await (const _ of bytes);
        })(),
      ),
    ).toMatchObject(gone);
    expect(await readAll(engine.stream(MANY))).toBe(2_000_000);
  });

  test('a proxy that answers for a server that is away', async () => {
    const engine = await connected();
    store.door.next({ at: /AS one/, say: '<html>Bad Gateway</html>' });

    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('a server that goes away', () => {
  test('and comes back is waited for', async () => {
    const engine = await connected();
    await store.door.shut();
    const asked = engine.query('SELECT 1 AS one');
    const stored = engine.command('CREATE TABLE made (n UInt8) ENGINE = MergeTree ORDER BY n');
    // Long enough for several looks whether it is there.
    await wait(1000);
    await store.door.open();

    expect(await asked).toEqual([{ one: 1 }]);
    // It can never have arrived before.
    await stored;
    expect(await engine.query('SELECT count() AS n FROM made')).toEqual([{ n: '0' }]);
  });

  test('for longer is told after a while, and from then on at once, until it is back', async () => {
    const engine = await connected({ gone_after: 500 });
    await store.door.shut();

    expect(await thrown(engine.query('SELECT 1'))).toMatchObject(gone);
    const begun = performance.now();
    expect(await thrown(engine.query('SELECT 1'))).toMatchObject(gone);
    expect(performance.now() - begun).toBeLessThan(400);

    await store.door.open();
    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('without closing its connections is found out, whatever waits for it', async () => {
    const engine = await connected({ gone_after: 500 });
    await numbersTable(engine);
    const stream = engine.stream(ENDLESS)[Symbol.asyncIterator]();
    await stream.next();
    const before = store.door.running();
    store.door.freeze(true);
    const waiting = [
      engine.query('SELECT 1'),
      engine.command('INSERT INTO t SELECT 1'),
      engine.insert('t', [{ number: 1 }]),
      engine.stream('SELECT 1')[Symbol.asyncIterator]().next(),
    ];

    for (const error of await Promise.all(waiting.map(thrown))) expect(error).toMatchObject(gone);
    const read = async () => {
      while (!(await stream.next()).done);
    };
    expect(await thrown(read())).toMatchObject(gone);
    await until(() => store.door.running() < before);
    store.door.freeze(false);
    expect(await engine.query('SELECT number FROM t')).toEqual([]);
  });

  test('is not said of one that works on a statement for longer than it may be silent', async () => {
    const engine = await connected({ gone_after: 1500 });

    expect(await engine.query('SELECT sleep(3) AS slept')).toEqual([{ slept: 0 }]);
  });

  test('a reader who takes long over a result keeps it', async () => {
    const engine = await connected({ gone_after: 1500 });
    let count = 0;
    for await (const rows of engine.stream(MANY)) {
      if (count === 0) await wait(4000);
      count += rows.length;
    }

    expect(count).toBe(2_000_000);
  });
});

test('an answer that comes late is waited for, and progress is asked for so that proxies see it', async () => {
  const engine = await connected();
  store.door.next({ at: /AS one/, after: wait(1000) });

  expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(store.door.asked.at(-1)!.settings.get('send_progress_in_http_headers')).toBe('1');
});
