import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pull } from '../../../src/run/pull.ts';
import { anOrder, openStage, type Shop } from '../stage.ts';
import { openStorage } from './s3-server.ts';

const stage = openStage();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-sync-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

const COLUMNS = { order_id: 'id', email: 'mail', ordered_at: 'at', total: 'amount' };
const source = (path: string | string[], more: object = {}) => ({
  type: 'files',
  path,
  columns: COLUMNS,
  ...more,
});

async function put(name: string, content: string | Buffer, seconds = 0): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  const at = Date.parse('2026-02-03T04:05:06Z') / 1000 + seconds;
  await utimes(path, at, at);
  return path;
}

/** A Parquet file, written by the engine from this SELECT. */
async function parquet(name: string, select: string): Promise<string> {
  const path = join(folder, name);
  await stage.engine.command(
    `INSERT INTO FUNCTION file('${path}', Parquet) ${select} SETTINGS engine_file_truncate_on_insert = 1`,
  );
  await utimes(path, 1_770_000_000, 1_770_000_000);
  return path;
}

const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const order = (id: string, more: object = {}) => ({
  id,
  mail: `${id}@example.com`,
  at: '2026-01-02T03:04:05Z',
  amount: '10.50',
  ...more,
});

function orders(shop: Shop, columns = 'order_id, email, ordered_at, goods') {
  return stage.engine.query(
    `SELECT ${columns} FROM orders FINAL WHERE source = {source:String} ORDER BY order_id`,
    {
      source: shop.job.sources[0]!.key,
    },
  );
}

test('`decimal` is for amounts that are texts: a number is what it is', async () => {
  const rows = [
    ['1', 10.5, '12,25'],
    ['2', 1234, '1.234,5'],
    ['3', 0.125, '7'],
  ] as const;
  const columns = { ...COLUMNS, total: 'amount', tax: 'tax' };
  const file = lines(...rows.map(([id, amount, tax]) => order(id, { amount, tax })));
  const select = rows.map(
    ([id, amount, tax]) =>
      `SELECT '${id}' AS id, '${id}@example.com' AS mail, '2026-01-02' AS at, toFloat64(${amount}) AS amount, '${tax}' AS tax`,
  );
  const typed = select.map((sql) => sql.replace(/toFloat64\((.*?)\)/, 'toDecimal64($1, 3)'));
  const paths = [
    await put('comma.jsonl', file),
    await parquet('comma-float.parquet', select.join(' UNION ALL ')),
    await parquet('comma-decimal.parquet', typed.join(' UNION ALL ')),
  ];
  for (const path of paths) {
    const shop = stage.shop({ sources: [source(path, { columns, decimal: ',' })] });
    const { rejected } = await pull(shop.context('2026-03-01'));

    expect(rejected).toBe(0);
    expect(await orders(shop, 'total, tax')).toEqual([
      { total: '10.5', tax: '12.25' },
      { total: '1234', tax: '1234.5' },
      { total: '0.125', tax: '7' },
    ]);
  }
});

describe('lines of JSON', () => {
  test('are read as they stand there, and a broken line costs itself alone', async () => {
    const path = await put(
      'broken.jsonl',
      `${lines(order('7'), order('8', { amount: 12.25, zip: '01234', id: 9007199254740993n.toString() }))}{"id": "x", "mail": \n\n[1, 2]\n${lines(order('9', { amount: null }), order('10'))}`,
    );
    const shop = stage.shop({ sources: [source(path, { columns: { ...COLUMNS, zip: 'zip' } })] });

    const pulled = await pull(shop.context('2026-03-01'));

    expect(await orders(shop, 'order_id, goods')).toEqual([
      { order_id: '10', goods: '10.5' },
      { order_id: '7', goods: '10.5' },
      { order_id: '9007199254740993', goods: '12.25' },
    ]);
    expect(pulled.rejections).toEqual([
      { source: path, line: 3, reason: 'the line is no JSON object' },
      { source: path, line: 5, reason: 'the line is no JSON object' },
      { source: path, line: 6, reason: 'the order has no amount' },
    ]);
    expect(await stage.engine.query(`SELECT zip FROM customers WHERE zip != ''`)).toEqual([{ zip: '01234' }]);
  });

  test('may hold objects, lists, numbers of 64 bits, and be packed', async () => {
    const text = `{"n": 9007199254740993, "who": {"mail": "Ana@Example.com", "x.y": 1}, "a.b": "flat", "tags": ["VIP", "club, old"], "ok": true}\n`;
    const columns = {
      customer_id: 'n',
      email: 'who.mail',
      first_name: 'a.b',
      tags: 'tags',
      accepts_marketing: 'ok',
    };
    const read = async (path: string) => {
      const shop = stage.shop({ sources: [source(path, { records: 'customers', columns })] });
      await pull(shop.context('2026-03-01'));
      return stage.engine.query(
        'SELECT customer_id, email, first_name, tags, email_consent FROM customers WHERE source = {source:String}',
        { source: shop.job.sources[0]!.key },
      );
    };
    const expected = [
      {
        customer_id: '9007199254740993',
        email: 'ana@example.com',
        first_name: 'flat',
        tags: ['VIP', 'club', 'old'],
        email_consent: 'yes',
      },
    ];

    expect(await read(await put('people.ndjson', text))).toEqual(expected);
    expect(await read(await put('people.jsonl.gz', gzipSync(text)))).toEqual(expected);
    expect(await read(await put('people.jsonl.zst', zstdCompressSync(text)))).toEqual(expected);
  });

  test('a column that no line has is asked about where it is needed or nearly another', async () => {
    const path = await put('named.jsonl', lines(order('1', { landcode: 'DE' })));
    const refused = async (columns: object) => {
      const shop = stage.shop({ sources: [source(path, { columns: { ...COLUMNS, ...columns } })] });
      return pull(shop.context('2026-03-01')).catch((thrown: { problem: object }) => thrown.problem);
    };

    expect(await refused({ order_id: 'number' })).toMatchObject({
      code: 'SOURCE_MISSING_COLUMN',
      what: `${path} has no column "number".`,
    });
    expect(await refused({ country: 'LandCod' })).toMatchObject({
      fix: 'Did you mean "landcode"? Correct columns.country.',
    });
    expect(await refused({ cancelled_at: 'stopped' })).toMatchObject({ orders: 1 });
  });
});

describe('Parquet', () => {
  test('gives numbers to the last digit, times as instants, and null as nothing', async () => {
    const path = await parquet(
      'orders.parquet',
      `SELECT toInt64(9007199254740993) + number AS id, if(number = 1, NULL, 'Ana@Example.com') AS mail,
         toDateTime64('2026-01-02 03:04:05.678901', 6, 'UTC') AS at, toDecimal64('12345678901234.5678', 4) AS amount,
         toDate('2026-01-05') AS cancelled, '01234' AS zip FROM numbers(3)`,
    );
    const shop = stage.shop({
      timezone: 'Europe/Berlin',
      sources: [
        source(path, { dates: 'dmy', columns: { ...COLUMNS, cancelled_at: 'cancelled', zip: 'zip' } }),
      ],
    });

    await pull(shop.context('2026-03-01'));

    const one = {
      ordered_at: '2026-01-02T03:04:05.678Z',
      cancelled_at: '2026-01-04T23:00:00.000Z',
      goods: '12345678901234.5678',
    };
    expect(await orders(shop, 'order_id, email, ordered_at, cancelled_at, goods')).toEqual([
      { order_id: '9007199254740993', email: 'ana@example.com', ...one },
      { order_id: '9007199254740994', email: '', ...one },
      { order_id: '9007199254740995', email: 'ana@example.com', ...one },
    ]);
  });

  test('gives lists as lists, and is read under a name that looks like a pattern', async () => {
    const written = await parquet(
      'people.parquet',
      `SELECT 'a@b.c' AS mail, ['VIP', 'club'] AS tags, map('k', 'v') AS other`,
    );
    const path = await put('people {1}.parquet', await readFile(written));
    const columns = { email: 'mail', tags: 'tags' };
    const shop = stage.shop({ sources: [source(path, { records: 'customers', columns })] });

    await pull(shop.context('2026-03-01'));

    const people = await stage.engine.query(
      'SELECT email, tags FROM customers WHERE source = {source:String}',
      {
        source: shop.job.sources[0]!.key,
      },
    );
    expect(people).toEqual([{ email: 'a@b.c', tags: ['VIP', 'club'] }]);
  });

  test('a column that is not there is asked about by name', async () => {
    const path = await parquet(
      'columns.parquet',
      `SELECT '1' AS id, 'a@b.c' AS e_mail, '2026-01-01' AS at, 1 AS amount`,
    );
    const shop = stage.shop({ sources: [source(path)] });

    await expect(pull(shop.context('2026-03-01'))).rejects.toMatchObject({
      problem: {
        code: 'SOURCE_MISSING_COLUMN',
        what: `${path} has no column "mail".`,
        fix: expect.stringContaining('Did you mean "e_mail"? Correct columns.email.') as string,
      },
    });
  });

  test('half a file is refused as one', async () => {
    const whole = await readFile(await parquet('whole.parquet', `SELECT '1' AS id FROM numbers(1000)`));
    const shop = stage.shop({
      sources: [source(await put('half.parquet', whole.subarray(0, whole.length / 2)))],
    });

    await expect(pull(shop.context('2026-03-01'))).rejects.toMatchObject({
      problem: { code: 'SOURCE_UNREADABLE' },
    });
  });
});

test('opens that a program made are left out of what customers did, whatever the file is', async () => {
  const opens = (machines: unknown[]) =>
    machines.map((bot, index) => ({ id: `${index}`, when: '2026-02-01T10:00:00Z', mail: 'a@b.c', bot }));
  const columns = { event_id: 'id', at: 'when', email: 'mail', is_machine: 'bot' };
  const counted = async (path: string) => {
    const shop = stage.shop({
      sources: ['shop', source(path, { records: 'events', event: 'open', columns })],
    });
    shop.holds({ orders: [anOrder({ email: 'a@b.c' })] }, 'shop');
    return (await shop.profile('2026-03-31')).customers.map(({ opens_12m }) => opens_12m);
  };

  const json = await put('opens.jsonl', lines(...opens([true, 'yes', 1, false, null])));
  const typed = await parquet(
    'opens.parquet',
    `SELECT toString(number) AS id, toDateTime64('2026-02-01 10:00:00', 3, 'UTC') AS when, 'a@b.c' AS mail,
       [true, false, NULL]::Array(Nullable(Bool))[number + 1] AS bot FROM numbers(3)`,
  );

  expect(await counted(json)).toEqual([2]);
  expect(await counted(typed)).toEqual([2]);
});

test('files that are as they were are not read again; those that changed are, whole', async () => {
  await put('many-1.jsonl', lines(order('1')));
  await put('many-2.jsonl', lines(order('2')), 1);
  const shop = stage.shop({ sources: [source(join(folder, 'many-*.jsonl'))] });
  const brought = async () => (await pull(shop.context('2026-03-01'))).orders;

  expect(await brought()).toBe(2);
  expect(await brought()).toBe(0);
  await put('many-2.jsonl', lines(order('2', { amount: '7' }), order('3')), 2);
  expect(await brought()).toBe(2);
  await put('many-2.jsonl', lines(order('2', { amount: '8' })), 3);
  expect(await brought()).toBe(1);
  await rm(join(folder, 'many-1.jsonl'));
  expect(await brought()).toBe(0);
  await put('many-1.jsonl', lines(order('1')));
  expect(await brought()).toBe(1);
  expect(await orders(shop, 'order_id, goods')).toEqual([
    { order_id: '1', goods: '10.5' },
    { order_id: '2', goods: '8' },
    { order_id: '3', goods: '10.5' },
  ]);
});

describe('storage', () => {
  const keys = { access_key: 'AKIATEST', secret_key: 'canary-secret/+=' };

  test('objects are listed, read in place and not read again', async () => {
    await using storage = await openStorage(keys);
    storage.put('shop', 'in/orders 1+a&b.jsonl', Buffer.from(lines(order('1'))));
    storage.put('shop', 'in/orders 2.jsonl.gz', gzipSync(lines(order('2'))));
    storage.put(
      'shop',
      'in/orders 3.parquet',
      await readFile(
        await parquet(
          's3.parquet',
          `SELECT '3' AS id, '3@example.com' AS mail, toDateTime64('2026-01-02 03:04:05', 3, 'UTC') AS at, toDecimal64('10.5', 2) AS amount`,
        ),
      ),
    );
    storage.put('shop', 'in/deeper/orders 4.jsonl', Buffer.from(lines(order('4'))));
    storage.put('shop', 'other.jsonl', Buffer.from(lines(order('5'))));
    const shop = stage.shop({ sources: [source('s3://shop/in/*', { ...keys, base_url: storage.url })] });

    const first = await pull(shop.context('2026-03-01'));
    const second = await pull(shop.context('2026-03-01'));

    expect([first.orders, second.orders]).toEqual([3, 0]);
    expect(await orders(shop, 'order_id, email, goods')).toEqual([
      { order_id: '1', email: '1@example.com', goods: '10.5' },
      { order_id: '2', email: '2@example.com', goods: '10.5' },
      { order_id: '3', email: '3@example.com', goods: '10.5' },
    ]);
  });

  test('CSV is split by the engine as it comes, and not read again', async () => {
    await using storage = await openStorage(keys);
    const csv = (...rows: string[]) => Buffer.from(['id,mail,at,amount', ...rows, ''].join('\n'));
    storage.put('shop', 'in/1.csv', csv('1,a@b.c,2026-01-02,10.50', '2,b@b.c,someday,1'));
    storage.put('shop', 'in/2.csv.gz', gzipSync(csv('3,c@b.c,2026-01-02,"7.00"')));
    const path = 's3://shop/in/*';
    const shop = stage.shop({
      sources: [{ ...source(path, { ...keys, base_url: storage.url }), type: 'csv' }],
    });

    const first = await pull(shop.context('2026-03-01'));
    const second = await pull(shop.context('2026-03-01'));

    expect([first.orders, second.orders]).toEqual([2, 0]);
    expect(first.rejections).toEqual([
      { source: 's3://shop/in/1.csv', line: 3, reason: 'the date of the order cannot be read' },
    ]);
    expect(await orders(shop, 'order_id, goods')).toEqual([
      { order_id: '1', goods: '10.5' },
      { order_id: '3', goods: '7' },
    ]);
  });

  test('a storage that lists and does not give is told within seconds', async () => {
    await using storage = await openStorage(keys);
    storage.put('shop', 'orders.jsonl', Buffer.from(lines(order('1'))));
    storage.fail(503);
    const shop = stage.shop({ sources: [source('s3://shop/*', { ...keys, base_url: storage.url })] });

    const error = (await pull(shop.context('2026-03-01')).catch((thrown: unknown) => thrown)) as {
      problem: object;
    };

    expect(error.problem).toMatchObject({ code: 'SOURCE_UNREADABLE', where: '/shop/orders.jsonl' });
    storage.fail(undefined);
    expect(await pull(shop.context('2026-03-01'))).toMatchObject({ orders: 1 });
  });

  test.each([
    ['an unknown key', { access_key: 'AKIAOTHER' }, 's3://shop/*', 'InvalidAccessKeyId', '`access_key`'],
    [
      'a wrong secret',
      { secret_key: 'wrong-canary' },
      's3://shop/*',
      'SignatureDoesNotMatch',
      '`secret_key`',
    ],
    ['an unknown bucket', {}, 's3://nowhere/*', 'NoSuchBucket', 'bucket'],
  ])('%s is told with what to do, and without the key', async (_, wrong, path, code, fix) => {
    await using storage = await openStorage(keys);
    storage.put('shop', 'orders.jsonl', Buffer.from(lines(order('1'))));
    const shop = stage.shop({ sources: [source(path, { ...keys, ...wrong, base_url: storage.url })] });

    const error = (await pull(shop.context('2026-03-01')).catch((thrown: unknown) => thrown)) as {
      problem: object;
    };

    expect(error.problem).toMatchObject({
      code: 'SOURCE_REFUSED',
      what: `The storage answered ${code}.`,
      fix: expect.stringContaining(fix) as string,
    });
    expect(JSON.stringify(error.problem)).not.toContain('canary');
  });
});
