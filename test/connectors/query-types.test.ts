import { describe, expect, test } from 'vitest';
import { findServer } from './databases.ts';
import { openSource, read } from './query-source.ts';

const COLUMNS = { order_id: 'id', ordered_at: 'at', total: 'total' };
const postgres = await findServer('postgres');
const mysql = await findServer('mysql');

test.runIf(postgres.missing)('types of PostgreSQL are not tried', ({ skip }) =>
  skip(`skipped: ${postgres.missing}`),
);
test.runIf(mysql.missing)('types of MySQL are not tried', ({ skip }) => skip(`skipped: ${mysql.missing}`));

describe.skipIf(postgres.missing)('PostgreSQL', () => {
  test('values come exactly as the server writes them', async () => {
    const database = await postgres.database();
    await database.sql(`CREATE TYPE mood AS ENUM ('glad'); CREATE DOMAIN amount AS numeric(12, 2)`);
    const query = `SELECT 9007199254740993::bigint AS id, timestamptz '2026-03-29 03:30:00+03' AS at, 12.50::amount AS total,
      'NaN'::numeric AS nan, 'infinity'::timestamptz AS never, timestamp '2026-03-29 03:30:00.5' AS local,
      date '2026-03-29' AS day, true AS yes, 'glad'::mood AS mood, '{"a": "b,c"}'::jsonb AS json, '\\x00ff'::bytea AS bytes,
      ARRAY['a', 'b c'] AS list, 0.1::float8 AS float, NULL AS nothing, gen_random_uuid() IS NOT NULL AS uuid`;

    const source = await openSource('postgres', { url: database.url, columns: COLUMNS, query });
    const { rows } = await read(source);
    const facts = await source.check();

    expect(rows[0]).toMatchObject({
      id: '9007199254740993',
      at: '2026-03-29 00:30:00+00',
      total: '12.50',
      nan: 'NaN',
      never: 'infinity',
      local: '2026-03-29 03:30:00.5',
      day: '2026-03-29',
      yes: 't',
      mood: 'glad',
      json: '{"a": "b,c"}',
      bytes: '\\x00ff',
      list: '{a,"b c"}',
      float: '0.1',
      nothing: null,
    });
    expect(facts[1]).toContain('id (bigint), at (timestamp with time zone), total (numeric(12,2))');
  });

  test('{since} takes the type that the query wants', async () => {
    const database = await postgres.database();
    await database.sql(`CREATE TABLE o (id smallint, at timestamptz, total numeric)`);
    await database.sql(`INSERT INTO o VALUES (1, '2026-03-01', 1), (2, '2026-03-03', 2)`);
    const settings = { url: database.url, columns: COLUMNS, cursor: { field: 'at', lag: '1h' } };
    const since = '2026-03-02T00:00:00.000Z';
    const ids = async (where: string) =>
      (
        await read(await openSource('postgres', { ...settings, query: `SELECT * FROM o WHERE ${where}` }), {
          since,
        })
      ).rows.map(({ id }) => id);

    expect(await ids('at > {since}')).toEqual(['2']);
    expect(await ids('at::timestamp > {since} AND at::date > {since}')).toEqual(['2']);
    expect(await ids(`extract(epoch FROM at) > extract(epoch FROM {since}::timestamptz)`)).toEqual(['2']);
  });
});

describe.skipIf(mysql.missing)('MySQL or MariaDB', () => {
  test('values come exactly, without zero dates, bits as numbers, bytes as digits', async () => {
    const database = await mysql.database();
    await database.sql(`CREATE TABLE o (id bigint unsigned, at timestamp(3) NULL, total decimal(12, 2), local datetime, day date,
      zero datetime, zero_day date, yes tinyint(1), bits bit(10), kind enum('a,b', 'c'), doc json, bytes binary(3),
      latin varchar(20) CHARACTER SET latin1, nothing int, year year, float_ double)`);
    await database.sql(`SET sql_mode = ''; INSERT INTO o VALUES (18446744073709551615, '2026-03-29 00:30:00.5', 12.50,
      '2026-03-29 03:30:00', '2026-03-29', '0000-00-00 00:00:00', '0000-00-00', 1, b'1000000001', 'a,b', '{"a": "b"}',
      x'00ff0a', 'Müller', NULL, 2026, 0.1)`);

    const source = await openSource('mysql', {
      url: database.url,
      columns: COLUMNS,
      query: 'SELECT * FROM o',
    });
    const { rows } = await read(source);

    expect(rows[0]).toEqual({
      id: '18446744073709551615',
      at: '2026-03-29 00:30:00.500+00',
      total: '12.50',
      local: '2026-03-29 03:30:00',
      day: '2026-03-29',
      zero: null,
      zero_day: null,
      yes: '1',
      bits: '513',
      kind: 'a,b',
      doc: '{"a": "b"}',
      bytes: '00ff0a',
      latin: 'Müller',
      nothing: null,
      year: '2026',
      float_: '0.1',
    });
    expect((await source.check())[1]).toContain('at (timestamp)');
  });
});
