import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { keepHeapSmall } from '../../src/heap.ts';
import { places } from './places.ts';
import { readAll, refusal } from './reading.ts';

const MEBIBYTE = 2 ** 20;

// As every command does: else V8 may take hundreds of megabytes for rows that are garbage already.
keepHeapSmall();

describe.each(places)('$name', ({ open }) => {
  let engine: Engine;
  let leave: () => Promise<void>;

  beforeAll(async () => {
    ({ engine, leave } = await open());
  });
  afterAll(() => leave());

  describe('values', () => {
    test('64-bit integers, decimals and times arrive exactly', async () => {
      const [row] =
        await engine.query(`SELECT toUInt64(9007199254740993) AS big, toInt64(-9007199254740993) AS low,
        toDecimal64('99999999999999.9999', 4) AS money, toDateTime64('2026-01-02 03:04:05.678', 3) AS at`);

      expect(row).toEqual({
        big: '9007199254740993',
        low: '-9007199254740993',
        money: '99999999999999.9999',
        at: '2026-01-02T03:04:05.678Z',
      });
    });

    test('a row without partner in a join has nulls', async () => {
      const rows = await engine.query(
        'SELECT b.x AS x FROM (SELECT 1 AS k) AS a LEFT JOIN (SELECT 2 AS k, 7 AS x) AS b USING (k)',
      );

      expect(rows).toEqual([{ x: null }]);
    });

    test.each([
      "it's",
      'back\\slash \\n \\',
      'tab\tnewline\nreturn\r',
      '😀 ñ 漢 \0',
      '{a:String} %41 & = + ;',
      "'); DROP TABLE orders; --",
      '',
    ])('a bound text stays as it is: %j', async (value) => {
      const sql = 'SELECT {value:String} AS value, length({value:String}) AS bytes';

      expect(await engine.query(sql, { value })).toEqual([
        { value, bytes: String(Buffer.byteLength(value)) },
      ]);
      for await (const rows of engine.stream(sql, { value })) expect(rows).toMatchObject([{ value }]);
    });

    test('10 000 ids are bound as one list', async () => {
      const ids = Array.from({ length: 10_000 }, (_, index) => index * 7);
      const [row] = await engine.query<{ n: string }>(
        'SELECT count() AS n FROM numbers(70000) WHERE number IN {ids:Array(UInt64)}',
        { ids },
      );

      expect(row!.n).toBe('10000');
    });

    test('calls at the same time each see their own values', async () => {
      const asked = Array.from({ length: 60 }, (_, index) => `customer ${index}`);
      const answers = await Promise.all(
        asked.map(
          async (value) =>
            (await engine.query<{ v: string }>('SELECT {v:String} AS v, sleep(0.02)', { v: value }))[0]!.v,
        ),
      );

      expect(answers).toEqual(asked);
    });

    test('a forgotten value is an error, also after a call that gave it', async () => {
      await engine.query('SELECT {forgotten:String} AS v', { forgotten: 'somebody else’s' });

      expect(await refusal(engine.query('SELECT {forgotten:String} AS v'))).toMatchObject({ code: '456' });
    });
  });

  describe('large results', () => {
    test('5 million rows are read in flat memory', async () => {
      const before = process.memoryUsage().rss;
      let count = 0;
      let sum = 0;
      let most = 0;
      const rows = engine.stream<{ n: number }>(
        'SELECT toUInt32(number) AS n, hex(number) AS text FROM numbers(5000000)',
      );
      for await (const chunk of rows) {
        count += chunk.length;
        for (const { n } of chunk) sum += n;
        most = Math.max(most, process.memoryUsage().rss);
      }

      expect(count).toBe(5_000_000);
      expect(sum).toBe((5_000_000 * 4_999_999) / 2);
      expect(most - before).toBeLessThan(120 * MEBIBYTE);
    });

    test('1 million rows from a generator are stored in flat memory', async () => {
      await engine.command(
        'CREATE TABLE large (id UInt64, name String, money Decimal(18, 4)) ENGINE = MergeTree ORDER BY id',
      );
      const before = process.memoryUsage().rss;
      let most = 0;
      await engine.insert(
        'large',
        (function* () {
          for (let id = 0; id < 1_000_000; id++) {
            if (id % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
            yield { id, name: `customer "${id}"\n`, money: '0.0001' };
          }
        })(),
      );

      expect(
        await engine.query('SELECT count() AS n, sum(money) AS money, uniqExact(name) AS names FROM large'),
      ).toEqual([{ n: '1000000', money: '100', names: '1000000' }]);
      expect(most - before).toBeLessThan(120 * MEBIBYTE);
    });

    test('bytes come in the format that the statement names', async () => {
      const csv = await engine.bytes(
        `SELECT number AS "n", 'a "b"' AS "text" FROM numbers(2) FORMAT CSVWithNames`,
      );

      expect(await text(csv)).toBe('"n","text"\n0,"a ""b"""\n1,"a ""b"""\n');
    });

    test('an empty result is no rows', async () => {
      expect(await engine.query('SELECT 1 WHERE 0')).toEqual([]);
      expect(await readAll(engine.stream('SELECT 1 WHERE 0'))).toBe(0);
      expect(await text(await engine.bytes('SELECT 1 WHERE 0 FORMAT CSV'))).toBe('');
    });
  });

  describe('inserts', () => {
    test('the same token stores once', async () => {
      await engine.command(
        'CREATE TABLE once (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100',
      );
      for (const token of ['a', 'a', 'b']) await engine.insert('once', [{ id: 1 }, { id: 2 }], { token });

      expect(await engine.query('SELECT count() AS n FROM once')).toEqual([{ n: '4' }]);
    });

    test('a source that fails stores nothing, and its own error is thrown', async () => {
      await engine.command('CREATE TABLE failing (id UInt64) ENGINE = MergeTree ORDER BY id');
      const source = async function* () {
        for (let id = 0; id < 100_000; id++) yield { id };
        throw Object.assign(new Error('The shop hung up.'), { code: 'ECONNRESET' });
      };

      await expect(engine.insert('failing', source())).rejects.toThrow('The shop hung up.');
      expect(await engine.query('SELECT count() AS n FROM failing')).toEqual([{ n: '0' }]);
    });

    test('a key that is no column is refused, as is a value of another type: row and column are named, the value is not', async () => {
      await engine.command(
        'CREATE TABLE strict (id UInt64, amount Decimal(18, 4)) ENGINE = MergeTree ORDER BY id',
      );

      const unknown = await refusal(engine.insert('strict', [{ id: 1 }, { id: 2, 'a@example.com': 1 }]));
      const wrong = await refusal(engine.insert('strict', [{ id: 1 }, { id: 2, amount: 'a@example.com' }]));

      expect(unknown.type).toBe('INCORRECT_DATA');
      expect(wrong.message).toContain('column amount');
      expect(unknown.message + wrong.message).not.toContain('example');
      expect(await engine.query('SELECT count() AS n FROM strict')).toEqual([{ n: '0' }]);
    });
  });
});
