import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { places } from './places.ts';
import { readAll, refusal } from './reading.ts';
import { until } from './state-dir.ts';

const ENDLESS = 'SELECT number FROM numbers(1000000000000)';

describe.each(places)('$name', ({ open }) => {
  let engine: Engine;
  let leave: () => Promise<void>;

  beforeAll(async () => {
    ({ engine, leave } = await open());
  });
  afterAll(() => leave());

  /** How many statements run whose text contains `part`. */
  async function running(part: string): Promise<number> {
    const rows = await engine.query(
      'SELECT query FROM system.processes WHERE position(query, {part:String}) > 0 AND query NOT LIKE {self:String}',
      { part, self: '%system.processes%' },
    );
    return rows.length;
  }

  describe('errors', () => {
    test.each([
      ['SELECT nope', '47', 'UNKNOWN_IDENTIFIER'],
      ['SELECT * FROM nope', '60', 'UNKNOWN_TABLE'],
      ['SELECT * FROM "/etc/hostname"', '60', 'UNKNOWN_TABLE'],
      ['SELECT FROM WHERE', '62', 'SYNTAX_ERROR'],
      ["SELECT 1; DROP TABLE 'x'", '62', 'SYNTAX_ERROR'],
    ])('%s is refused with %s %s', async (sql, code, type) => {
      expect(await refusal(engine.query(sql))).toMatchObject({ code, type });
      expect(await refusal(readAll(engine.stream(sql)))).toMatchObject({ code, type });
      expect(await refusal(engine.command(sql))).toMatchObject({ code, type });
    });

    test('a semicolon in a text or a comment, or at the end, is no second statement', async () => {
      const sql = "-- ; \nSELECT 'a;b' AS v, `a;b`.c AS w /* ; x */ FROM (SELECT 1 AS c) AS `a;b`;";
      const commented = 'SELECT 1 AS one SETTINGS max_threads = 1 -- ; FORMAT Null';

      expect(await engine.query(sql)).toEqual([{ v: 'a;b', w: 1 }]);
      expect(await engine.query(commented)).toEqual([{ one: 1 }]);
      for (const each of [sql, commented]) expect(await readAll(engine.stream(each))).toBe(1);
    });

    test.each([
      "SELECT toUInt64('a@example.com')",
      "SELECT toUInt64(concat('a@example', '.com', toString(number))) FROM numbers(3)",
      "SELECT toDate(materialize('a@example.com'))",
      "SELECT nope WHERE 'a@example.com' = ''",
      "SELECT 1 WHERE 'a@example.com' AND (",
      'SELECT {email:UInt64}',
      'SELECT sum(x) FROM (SELECT {email:String} AS x)',
    ])('no value is in the message of %s', async (sql) => {
      const error = await refusal(engine.query(sql, { email: 'a@example.com' }));

      expect(error.message).not.toContain('example');
      expect(error.message.length).toBeGreaterThan(5);
    });

    test('an error after millions of rows is thrown to whoever reads', async () => {
      const sql = `SELECT number, throwIf(number = 3000000, 'enough') AS t FROM numbers(5000000)`;

      expect(await refusal(readAll(engine.stream(sql)))).toMatchObject({ code: '395' });
      expect(await refusal(text(await engine.bytes(`${sql} FORMAT CSV`)))).toMatchObject({ code: '395' });
    });
  });

  describe('time and cancel', () => {
    test('a statement over its time limit ends with TIMEOUT_EXCEEDED', async () => {
      const limit = { timeout_seconds: 0.3 };

      expect(await refusal(engine.query(`SELECT count() FROM (${ENDLESS})`, {}, limit))).toMatchObject({
        code: '159',
      });
      expect(await refusal(readAll(engine.stream(ENDLESS, {}, limit)))).toMatchObject({ code: '159' });
    });

    test('an aborted query, stream, export, command and insert are gone from the engine', async () => {
      await engine.command('CREATE TABLE aborted (number UInt64) ENGINE = MergeTree ORDER BY number');
      const endless = (name: string) =>
        `SELECT number FROM numbers(1000000000000) WHERE toString(number) != '${name}'`;
      const forever = async function* () {
        for (let number = 0; ; number++) yield { number };
      };
      const calls: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
        query: (signal) => engine.query(`SELECT count() FROM (${endless('query')})`, {}, { signal }),
        stream: (signal) => readAll(engine.stream(endless('stream'), {}, { signal })),
        bytes: async (signal) => text(await engine.bytes(`${endless('bytes')} FORMAT CSV`, {}, { signal })),
        command: (signal) => engine.command(`INSERT INTO aborted ${endless('command')}`, {}, { signal }),
        insert: (signal) => engine.insert('aborted', forever(), { signal }),
      };
      for (const [name, call] of Object.entries(calls)) {
        const abort = new AbortController();
        const ended = expect(call(abort.signal)).rejects.toBe('enough');
        if (name !== 'insert') await until(async () => (await running(`'${name}'`)) > 0);
        abort.abort('enough');
        await ended;
        await until(async () => (await running(`'${name}'`)) === 0);
      }
    });

    test('leaving the loop or destroying an export early cancels the statement', async () => {
      for await (const rows of engine.stream(`${ENDLESS} WHERE toString(number) != 'left'`)) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
      const waiting = await engine.bytes(`${ENDLESS} WHERE toString(number) != 'left' FORMAT CSV`);
      waiting.destroy();

      await until(async () => (await running('left')) === 0);
    });

    test('a slow reader holds up nobody', async () => {
      const streams = Array.from({ length: 20 }, () => engine.stream(ENDLESS)[Symbol.asyncIterator]());
      await Promise.all(streams.map((stream) => stream.next()));

      expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);

      await Promise.all(streams.map((stream) => stream.return!()));
    });
  });
});
