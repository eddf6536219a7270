import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FROM_THE_BEGINNING } from '../../connectors/source.ts';
import { openStorage, type Storage } from '../run/tables/s3-server.ts';
import { openCsv, pagesOf, pullAll } from './csv-folder.ts';

const KEYS = { access_key: 'AKIATEST', secret_key: 'canary-secret/+=' };
const COLUMNS = { order_id: 'id', email: 'mail', ordered_at: 'date', total: 'sum' };
const HEAD = 'id,mail,date,sum\n';
const row = (id: string) => `${id},${id}@example.com,2026-03-02,29.90\n`;
const many = HEAD + Array.from({ length: 40_000 }, (_, id) => row(`${id}`)).join('');

const open = (storage: Storage, settings: object = {}) =>
  openCsv('/nowhere', {
    path: 's3://shop/in/*',
    columns: COLUMNS,
    ...KEYS,
    base_url: storage.url,
    ...settings,
  });
const objectsAsked = (storage: Storage) =>
  storage.requests.splice(0).filter((request) => !request.includes('list-type'));

/** What a pull brings, and the marks that the next one begins with. */
async function pullFrom(storage: Storage, marks: ReadonlyMap<string, string> = new Map()) {
  const source = await open(storage);
  const ids: string[] = [];
  const next = new Map(marks);
  for await (const page of pagesOf(source, { ...FROM_THE_BEGINNING, marks })) {
    ids.push(...(page.orders ?? []).map(({ order_id }) => order_id));
    for (const [name, mark] of Object.entries(page.marks ?? {})) next.set(name, mark);
  }
  return { ids, marks: next };
}

describe('CSV in a storage', () => {
  test('gives the rows of every object that matches, packed or not, in any encoding', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/a b+c&d.csv', Buffer.from(HEAD + row('1')));
    storage.put('shop', 'in/b.csv.gz', gzipSync(HEAD + row('2')));
    storage.put('shop', 'in/c.csv.zst', zstdCompressSync(HEAD + row('3')));
    storage.put(
      'shop',
      'in/d.csv',
      Buffer.from(`${HEAD}4,m\xfcller@example.com,2026-03-02,1.00\n5,5`, 'latin1'),
    );
    storage.put('shop', 'in/deeper/e.csv', Buffer.from(HEAD + row('6')));

    const { orders, rejected, warnings } = await pullAll(await open(storage));

    expect(orders.map(({ order_id, email }) => [order_id, email])).toEqual([
      ...['1', '2', '3'].map((id) => [id, `${id}@example.com`]),
      ['4', 'müller@example.com'],
    ]);
    expect(rejected).toEqual([
      { source: 's3://shop/in/d.csv', line: 3, reason: '2 cells where the header has 4' },
    ]);
    expect(warnings).toEqual([expect.stringContaining('s3://shop/in/d.csv is not UTF-8')]);
  });

  test('is read again only where its content changed, whenever it was put there', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/1.csv', Buffer.from(HEAD + row('1')));
    storage.put('shop', 'in/2.csv', Buffer.from(HEAD + row('2')), new Date());
    const first = await pullFrom(storage);
    storage.requests.length = 0;
    storage.put('shop', 'in/1.csv', Buffer.from(HEAD + row('1')), new Date());
    const second = await pullFrom(storage, first.marks);
    const asked = objectsAsked(storage);
    storage.put('shop', 'in/2.csv', Buffer.from(HEAD + row('9')), new Date());

    const third = await pullFrom(storage, second.marks);

    expect([first.ids, second.ids, third.ids]).toEqual([['1', '2'], [], ['9']]);
    expect(asked).toEqual([]);
  });

  test('goes on where the connection broke off', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/many.csv', Buffer.from(many));
    storage.breakOff(3);

    const source = await open(storage, { encoding: 'utf-8', delimiter: ',' });
    const { orders, rejected } = await pullAll(source);

    expect(rejected).toEqual([]);
    expect(orders).toHaveLength(40_000);
    expect(new Set(orders.map(({ order_id }) => order_id)).size).toBe(40_000);
  });

  test('that is replaced while it is read is given up until the next run', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/many.csv', Buffer.from(many));
    storage.breakOff(100, () =>
      storage.put('shop', 'in/many.csv', Buffer.from(many.replaceAll('29.90', '1.00'))),
    );

    await expect(pullAll(await open(storage, { encoding: 'utf-8' }))).rejects.toMatchObject({
      problem: { code: 'SOURCE_UNREADABLE', where: 's3://shop/in/many.csv' },
      retry: 'next_run',
    });
  });

  test('that is listed and not given is told with what to do, without the key', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/1.csv', Buffer.from(HEAD + row('1')));
    storage.fail(403);

    const error = await pullAll(await open(storage)).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ problem: { code: 'SOURCE_REFUSED', where: 's3://shop/in/1.csv' } });
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  test('is checked as a file here is', async () => {
    await using storage = await openStorage(KEYS);
    storage.put('shop', 'in/many.csv', Buffer.from(many));

    expect(await (await open(storage)).check()).toEqual([
      's3://shop/in/many.csv: 1618 kB, utf-8, delimiter ,, 4 columns, all needed ones there',
    ]);
  });
});

test.each([
  [{ secret_key: undefined }, '`access_key` and `secret_key` go together'],
  [{ path: 's3://Shop/*' }, 'write s3://BUCKET/KEY, for example s3://my-shop/orders/*.parquet'],
])('settings of half a key or of a path that cannot be are refused: %j', async (wrong, message) => {
  const settings = { path: 's3://shop/*', columns: COLUMNS, ...KEYS, ...wrong };

  await expect(openCsv('/nowhere', settings)).rejects.toThrow(message);
});
