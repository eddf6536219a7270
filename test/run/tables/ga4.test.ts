import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pull } from '../../../src/run/pull.ts';
import { openStage, type Shop } from '../stage.ts';
import { linesExport, parquetExport, putLines, type SiteEvent } from './ga4-export.ts';
import { openStorage } from './s3-server.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-sync-ga4-'));
});
afterEach(() => rm(folder, { recursive: true }));

const site = (more: object = {}) =>
  stage.shop({ sources: [{ type: 'files', format: 'ga4', path: join(folder, 'events_*'), ...more }] });
const parquet = (name: string, events: SiteEvent[], options?: { without?: string[]; seconds?: number }) =>
  parquetExport(stage.engine, join(folder, name), events, options);

async function visits(shop: Shop) {
  return stage.engine.query<Record<string, string>>(
    `SELECT event_id, type, at, customer_id, device FROM events FINAL WHERE source = {source:String} ORDER BY event_id`,
    { source: shop.job.sources[0]!.key },
  );
}
const ids = async (shop: Shop) => (await visits(shop)).map(({ event_id }) => event_id);

const DAY: SiteEvent[] = [
  { at: '2026-03-01T09:30:00.500Z', device: '1.1' },
  { at: '2026-03-01T08:00:00.250Z', device: '1.1', name: 'session_start' },
  { at: '2026-03-01T10:00:00.000Z', device: '2.2' },
  { at: '2026-03-01T11:00:00.000Z', device: '2.2', user: 'U7' },
  { at: '2026-03-01T07:00:00.000Z', device: '3.3', user: 'U7' },
  { at: '2026-03-01T12:00:00.000Z', user: 'U8' },
  { at: '2026-03-01T12:30:00.000Z' },
  { at: '2026-03-01T13:00:00.000Z', device: '4.4', name: 'refund', order: '1001' },
  { at: '2026-03-01T14:00:00.000Z', device: '(not set)', user: ' (not set) ' },
];
const VISITS = [
  {
    event_id: 'ga4:device:1.1:2026-03-01',
    type: 'visit',
    at: '2026-03-01T08:00:00.250Z',
    customer_id: '',
    device: '1.1',
  },
  {
    event_id: 'ga4:user:U7:2026-03-01',
    type: 'visit',
    at: '2026-03-01T07:00:00.000Z',
    customer_id: 'U7',
    device: '',
  },
  {
    event_id: 'ga4:user:U8:2026-03-01',
    type: 'visit',
    at: '2026-03-01T12:00:00.000Z',
    customer_id: 'U8',
    device: '',
  },
];

describe('an export of Google Analytics', () => {
  test('gives one visit of each person and day, at its first event', async () => {
    await parquet('events_20260301.parquet', DAY);
    const shop = site();

    const pulled = await pull(shop.context(AS_OF));

    expect(await visits(shop)).toEqual(VISITS);
    expect(pulled).toMatchObject({ events: 3, rejected: 0 });
    expect((await pull(shop.context(AS_OF))).events).toBe(0);
  });

  test('is the same as lines of JSON, packed or not; a broken line costs itself alone', async () => {
    const text = linesExport(DAY);
    await putLines(
      folder,
      'events_20260301.json',
      `${text}\n{"event_date": "2026\n[1]\n{"event_name": "x"}\n`,
    );
    const shop = site();

    const pulled = await pull(shop.context(AS_OF));

    expect(await visits(shop)).toEqual(VISITS);
    const source = join(folder, 'events_20260301.json');
    expect(pulled).toMatchObject({ events: 3, rejected: 3 });
    expect(pulled.rejections).toEqual([
      { source, line: 11, reason: 'the line is no JSON object' },
      { source, line: 12, reason: 'the line is no JSON object' },
      { source, line: 13, reason: 'the date of the event cannot be read' },
    ]);
    await rm(source);
    await putLines(folder, 'events_20260301.json.gz', gzipSync(text));
    const packed = site({ path: [join(folder, '*.gz')] });
    await pull(packed.context(AS_OF));
    expect(await visits(packed)).toEqual(VISITS);
  });

  test('may grow and come in several files: nothing is there twice, and the earliest time stands', async () => {
    const shop = site();
    await parquet('events_intraday_20260301_1.parquet', DAY.slice(0, 1));
    expect((await pull(shop.context(AS_OF))).events).toBe(1);
    await parquet('events_intraday_20260301_1.parquet', DAY.slice(0, 3), { seconds: 1 });
    await parquet('events_intraday_20260301_2.parquet', [{ at: '2026-03-01T23:00:00Z', device: '1.1' }], {
      seconds: 2,
    });

    await pull(shop.context(AS_OF));

    expect((await visits(shop)).map(({ event_id, at }) => [event_id, at])).toEqual([
      ['ga4:device:1.1:2026-03-01', '2026-03-01T08:00:00.250Z'],
      ['ga4:device:2.2:2026-03-01', '2026-03-01T10:00:00.000Z'],
    ]);
  });

  test('of a day in progress is left alone once that of the whole day is there', async () => {
    const shop = site({ path: [join(folder, 'events_*'), join(folder, 'events_intraday_*')] });
    const at = (day: number) => `2026-03-0${day}T08:00:00Z`;
    await parquet('events_20260301.parquet', [{ at: at(1), device: 'whole' }]);
    await parquet('events_intraday_20260301.parquet', [{ at: at(1), device: 'part' }]);
    await parquet('events_fresh_20260301.parquet', [{ at: at(1), device: 'fresh' }]);
    await parquet('events_intraday_20260302.parquet', [{ at: at(2), device: 'part' }]);

    await pull(shop.context(AS_OF));

    expect(await ids(shop)).toEqual(['ga4:device:part:2026-03-02', 'ga4:device:whole:2026-03-01']);
  });

  test('needs no record of commerce, and only one of the two ids', async () => {
    await parquet('events_1.parquet', DAY.slice(4, 6), { without: ['ecommerce', 'user_pseudo_id'] });
    await putLines(folder, 'events_2.jsonl', linesExport([{ at: '2026-03-02T08:00:00Z', device: '1.1' }]));
    const shop = site();

    await pull(shop.context(AS_OF));

    expect(await ids(shop)).toEqual([
      'ga4:device:1.1:2026-03-02',
      'ga4:user:U7:2026-03-01',
      'ga4:user:U8:2026-03-01',
    ]);
  });

  test.each([
    [
      'a Parquet file',
      async () => parquet('events_x.parquet', DAY, { without: ['event_date', 'user_id', 'user_pseudo_id'] }),
    ],
    [
      'a file of lines',
      async () => putLines(folder, 'events_x.json', '{"id": 1, "event_timestamp": "1", "event_name": "x"}\n'),
    ],
  ])('without its columns is refused with what to do: %s', async (_, put) => {
    const path = await put();

    const error = (await pull(site().context(AS_OF)).catch((thrown: unknown) => thrown)) as {
      problem: object;
    };

    expect(error.problem).toMatchObject({
      code: 'SOURCE_MISSING_COLUMN',
      what: `${path} has no column "event_date", "user_pseudo_id".`,
      fix: expect.stringContaining('Export the table events_YYYYMMDD as it is') as string,
    });
  });

  test('under a name that does not tell what it is, is asked to be renamed', async () => {
    await putLines(folder, 'events_20260301', linesExport(DAY));

    await expect(pull(site().context(AS_OF))).rejects.toMatchObject({
      problem: { code: 'SOURCE_UNREADABLE', fix: 'Let names end in .parquet, .json or .json.gz.' },
    });
  });

  test('is read in a storage', async () => {
    const keys = { access_key: 'AKIATEST', secret_key: 'canary-secret/+=' };
    await using storage = await openStorage(keys);
    const body = await readFile(await parquet('one.parquet', DAY));
    storage.put('site', 'events_20260301/000.parquet', body);
    storage.put(
      'site',
      'events_intraday_20260301/000.json.gz',
      gzipSync(linesExport([{ at: DAY[0]!.at, device: 'part' }])),
    );
    const shop = site({ path: 's3://site/events_*/*', base_url: storage.url, ...keys });

    const [first, second] = [await pull(shop.context(AS_OF)), await pull(shop.context(AS_OF))];

    expect([first.events, second.events]).toEqual([3, 0]);
    expect(await visits(shop)).toEqual(VISITS);
  });

  test.each([
    [{ columns: { at: 'x' } }, 'columns'],
    [{ records: 'events' }, 'records'],
    [{ format: 'jsonl' }, 'columns'],
  ])('%j is refused', (more, setting) => {
    expect(() => site(more)).toThrow(setting);
  });
});
