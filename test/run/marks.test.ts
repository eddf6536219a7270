import { describe, expect, test } from 'vitest';
import { SyncError } from '../../connectors/index.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, anOrder, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const NOTHING = { marks: {}, since: {} };
const CURSORS = { orders: { field: 'updated_at', lag_ms: 2 * 86_400_000 } };

let names = 0;
const shelf = (more: object = {}) => ({
  type: 'memory',
  name: `marked-${++names}`,
  cursors: CURSORS,
  ...more,
});

function unreachable(): SyncError {
  return new SyncError({ code: 'SOURCE_UNREADABLE', what: 'The source went away.', fix: 'Wait.' });
}

describe('where a pull begins', () => {
  test('at first nothing is known of the source; then where its marks are, less the lag', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds({
      orders: [anOrder()],
      marks: { orders: '2026-03-10T08:00:00.000Z', 'a file.csv': '7 bytes' },
    });

    await shop.run(AS_OF);
    await shop.run(AS_OF);

    expect(shop.asked()).toEqual([
      NOTHING,
      {
        marks: { orders: '2026-03-10T08:00:00.000Z', 'a file.csv': '7 bytes' },
        since: { orders: '2026-03-08T08:00:00.000Z' },
      },
    ]);
  });

  test('a mark that is a number has no lag, and a start counts until there is a mark', async () => {
    const cursors = { orders: { field: 'id', lag_ms: 1000, start: '100' } };
    const shop = stage.shop({ sources: [shelf({ cursors })] });
    shop.holds({ orders: [anOrder()], marks: { orders: '9007199254740993' } });

    await shop.run(AS_OF);
    await shop.run(AS_OF);

    expect(shop.asked().map(({ since }) => since)).toEqual([
      { orders: '100' },
      { orders: '9007199254740993' },
    ]);
  });

  test('an empty mark takes the one before away', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds([
      { orders: [anOrder()], marks: { 'orders, under way': 'page 7' } },
      { marks: { 'orders, under way': '', orders: '2026-03-10T08:00:00.000Z' } },
    ]);

    await shop.run(AS_OF);
    await shop.run(AS_OF);

    expect(shop.asked()[1]!.marks).toEqual({ orders: '2026-03-10T08:00:00.000Z' });
  });

  test('everything is read again on request, and from a day on, in the zone of the job', async () => {
    const shop = stage.shop({ sources: [shelf()], timezone: 'Europe/Bucharest' });
    shop.holds({ orders: [anOrder()], marks: { orders: '2026-03-10T08:00:00.000Z' } });

    await shop.run(AS_OF);
    await shop.run(AS_OF, { reach: 'all' });
    await shop.run(AS_OF, { reach: { since: '2026-01-15' } });

    expect(shop.asked().slice(1)).toEqual([
      NOTHING,
      { marks: {}, since: { orders: '2026-01-14T22:00:00.000Z' } },
    ]);
  });

  test('a day after the mark leaves nothing out, and without a mark everything is read', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds({ orders: [anOrder()], marks: { orders: '2026-03-10T08:00:00.000Z' } });

    await shop.run(AS_OF, { reach: { since: '2026-03-20' } });
    await shop.run(AS_OF, { reach: { since: '2026-03-20' } });

    expect(shop.asked().map(({ since }) => since)).toEqual([{}, { orders: '2026-03-08T08:00:00.000Z' }]);
  });

  test('settings that change what is read begin anew; a new secret or name does not', async () => {
    const source = shelf({ token: 'old-secret' });
    const shop = stage.shop({ sources: [source] });
    shop.holds({ orders: [anOrder()], marks: { orders: '2026-03-10T08:00:00.000Z' } }, source.name);
    await shop.run(AS_OF);

    shop.change({ sources: [{ ...source, token: 'new-secret' }] });
    await shop.run(AS_OF);
    shop.change({ sources: [{ ...source, extra: ['age'] }] });
    await shop.run(AS_OF);
    shop.change({ sources: [source], timezone: 'Asia/Tokyo' });
    await shop.run(AS_OF);

    expect(shop.asked(source.name).map(({ marks }) => Object.keys(marks).length)).toEqual([0, 1, 0, 0]);
  });
});

test('a job that reads the source in another way makes the first one read everything again', async () => {
  const source = shelf();
  const here = stage.shop({ sources: [source], name: 'here' });
  const abroad = stage.shop({ sources: [source], name: 'abroad', timezone: 'Asia/Tokyo' });
  here.holds({ orders: [anOrder()], marks: { orders: '2026-03-10T08:00:00.000Z' } }, source.name);

  await here.run(AS_OF);
  await here.run(AS_OF);
  await abroad.run(AS_OF);
  await here.run(AS_OF);

  expect(here.asked(source.name).map(({ marks }) => Object.keys(marks).length)).toEqual([0, 1, 0, 0]);
});

describe('a pull that is cut off', () => {
  test('keeps what was stored, and the next one goes on from there', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds(function* () {
      yield { orders: [anOrder({ order_id: 'a' })], marks: { orders: '2026-03-01T00:00:00.000Z' } };
      yield { orders: [anOrder({ order_id: 'b' })], marks: { orders: '2026-03-05T00:00:00.000Z' } };
      throw unreachable();
    });
    const broken = await shop.run(AS_OF);
    shop.holds({ orders: [anOrder({ order_id: 'c' })] });
    const mended = await shop.run(AS_OF);

    expect(broken).toMatchObject({ status: 'failed', error: { code: 'SOURCE_UNREADABLE' } });
    expect(shop.asked()[1]!.marks).toEqual({ orders: '2026-03-05T00:00:00.000Z' });
    expect(mended).toMatchObject({ status: 'done', pulled: { orders: 1, sources: [{ orders: 3 }] } });
  });

  test('a page that cannot be stored moves no mark', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds([
      { orders: [anOrder()], marks: { orders: '2026-03-01T00:00:00.000Z' } },
      { orders: [anOrder({ goods: 'no money' })], marks: { orders: '2026-03-05T00:00:00.000Z' } },
    ]);

    const broken = await shop.run(AS_OF);
    await shop.run(AS_OF);

    expect(broken.status).toBe('failed');
    expect(shop.asked()[1]!.marks).toEqual({ orders: '2026-03-01T00:00:00.000Z' });
  });
});

describe('a source that could not be read whole', () => {
  test('holds the run: what was read is kept, no mark moves on, nothing is sent until a whole pull', async () => {
    const platform = openPlatform();
    const shop = stage.shop({ sources: [shelf()], connectors: { platform: platform.definition } });
    shop.holds([
      { ...aBuyer('a'), marks: { orders: '2026-03-01T00:00:00.000Z' } },
      {
        ...aBuyer('b'),
        incomplete: 'the export broke off',
        marks: { orders: '2026-03-09' },
      },
      { ...aBuyer('c'), marks: { orders: '2026-03-12' } },
    ]);
    const held = await shop.run(AS_OF);
    const planned = await shop.run(AS_OF, { send: false });
    const quiet = [...platform.requests];
    shop.holds({ ...aBuyer('d') });
    const whole = await shop.run(AS_OF);

    expect(held).toMatchObject({
      status: 'held',
      error: null,
      pulled: { orders: 3, incomplete: [expect.any(String)] },
    });
    expect(held.pulled.incomplete[0]).toMatch(/^marked-\d+: the export broke off$/);
    expect(held.audiences.some(({ to_add, added }) => to_add > 0 && added === 0)).toBe(true);
    expect(planned.status).toBe('held');
    expect(quiet).toEqual([]);
    expect(shop.asked()[1]!.marks).toEqual({ orders: '2026-03-01T00:00:00.000Z' });
    expect(whole).toMatchObject({ status: 'done', pulled: { sources: [{ orders: 4 }] } });
    expect(platform.requests).not.toEqual([]);
  });
});

describe('reading everything again', () => {
  const four = () =>
    ['a', 'b', 'c', 'd'].map((order_id) => anOrder({ order_id, email: `${order_id}@example.com` }));

  test('orders that the source no longer has stop counting, and count again once they are back', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    const customers = async (orders: ReturnType<typeof four>, reach: 'new' | 'all') => {
      shop.holds({ orders });
      const report = await shop.run(AS_OF, { reach });
      return [report.customers, report.warnings.filter((text) => text.includes('no longer has'))];
    };
    const [a, b, c, d] = four();

    expect(await customers([a!, b!, c!, d!], 'new')).toEqual([4, []]);
    expect(await customers([a!, b!, c!], 'new')).toEqual([4, []]);
    expect(await customers([a!, b!, c!], 'all')).toEqual([3, [expect.stringContaining(': 1 orders')]]);
    expect(await customers([a!, b!, c!], 'all')).toEqual([3, []]);
    expect(await customers([d!], 'new')).toEqual([4, []]);
  });

  test('nothing is taken for gone of a source that tells of its latest past only, or from a start on', async () => {
    const [a, b, c, d] = four();
    const start = { orders: { ...CURSORS.orders, start: '2026-01-01T00:00:00Z' } };
    for (const [more, page] of [
      [{}, { recent_only: true }],
      [{ cursors: start }, {}],
    ] as const) {
      const shop = stage.shop({ sources: [shelf(more)] });
      shop.holds({ orders: [a!, b!, c!, d!] });
      await shop.run(AS_OF);
      shop.holds({ orders: [a!, b!, c!], ...page });

      expect(await shop.run(AS_OF, { reach: 'all' })).toMatchObject({ status: 'done', customers: 4 });
    }
  });

  test('a source that lost more than half of its orders is not believed', async () => {
    const shop = stage.shop({ sources: [shelf()] });
    shop.holds({ orders: four() });
    await shop.run(AS_OF);
    shop.holds({ orders: four().slice(0, 1) });

    const report = await shop.run(AS_OF, { reach: 'all' });

    expect(report).toMatchObject({ status: 'held', customers: 4 });
    expect(report.pulled.incomplete[0]).toContain('it has 1 of the 4 orders it had');
  });
});
