import { describe, expect, test } from 'vitest';
import { openEvents } from './klaviyo-events.ts';

const ana = 'ana@shop.example';

describe('events', () => {
  test('come whole over metrics, days and pages, as what they are, with all that tells who it was', async () => {
    const shop = await openEvents();
    const put: string[] = [];
    const types = {
      'Opened Email': 'open',
      'Clicked Email': 'click',
      'Bounced Email': 'bounce',
      'Active on Site': 'visit',
      'Viewed Product': 'view',
    };
    for (const [index, [name, type]] of Object.entries(types).entries()) {
      for (let number = 0; number < (index === 0 ? 2_500 : 40); number += 1) {
        const days_ago = index === 0 ? 3 : number / 2 + index / 10;
        const who = number % 1_200;
        const email = `p${who}@shop.example`;
        const phone_number = `+4070000${String(who).padStart(4, '0')}`;
        const id = shop.track(name, { email, phone_number, external_id: `c${who}` }, days_ago);
        put.push([id, type, email, phone_number, `c${who}`].join(' '));
      }
    }
    shop.track('Placed Order', ana, 1);

    const { rejected, warnings } = await shop.pull();

    const got = [...shop.events.values()].map(({ event_id, type, email, phone, customer_id }) =>
      [event_id, type, email, phone, customer_id].join(' '),
    );
    expect(got.toSorted()).toEqual(put.toSorted());
    expect({ rejected, warnings }).toEqual({ rejected: [], warnings: [] });
    const pages = shop.looks().filter((query) => query.has('page[cursor]'));
    expect(pages).toHaveLength(2);
  });

  test('happened at the second that Klaviyo tells', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 0.5);

    await shop.pull();

    expect([...shop.events.values()]).toMatchObject([{ at: '2026-11-01T00:00:00.000Z', phone: undefined }]);
  });

  test('of one name come from the metrics of all integrations', async () => {
    const shop = await openEvents();
    shop.track('Viewed Product', ana, 1, { integration: 'Shopify' });
    shop.track('Viewed Product', ana, 2, { integration: 'API' });

    await shop.pull();

    expect(shop.events.size).toBe(2);
    expect([...shop.marks.keys()]).toHaveLength(2);
  });

  test('of other metrics are what the job says, and may be left out', async () => {
    const metrics = { 'Submitted review': 'review', 'Opened Email': 'ignore', Referred: 'referral' } as const;
    const shop = await openEvents({ settings: { metrics } });
    shop.track('Submitted review', ana, 1);
    shop.track('Opened Email', ana, 1);
    shop.track('Active on Site', ana, 1);

    const { warnings } = await shop.pull();

    expect([...shop.events.values()].map(({ type }) => type).toSorted()).toEqual(['review', 'visit']);
    expect(warnings).toEqual(['the account has no metric called "Referred" (yet)']);
  });

  test('that a program made are marked as such: private opens of Apple’s, links followed by scanners', async () => {
    const shop = await openEvents();
    const cases: [string, string, unknown][] = [
      ['Opened Email', 'machine_open', true],
      ['Opened Email', 'machine_open', 'False'],
      ['Opened Email', 'other', true],
      ['Clicked Email', 'Bot Click', 'true'],
      ['Clicked Email', 'Bot Click', false],
      ['Clicked Email', 'machine_open', true],
      ['Active on Site', 'machine_open', true],
    ];
    const ids = cases.map(([name, property, value], index) =>
      shop.track(name, ana, 1 + index / 10, { properties: { [property]: value } }),
    );

    await shop.pull();

    expect(ids.map((id) => shop.events.get(id)?.is_machine)).toEqual([
      true,
      false,
      undefined,
      true,
      false,
      undefined,
      undefined,
    ]);
  });

  test('of nobody who can be known are counted and left out', async () => {
    const shop = await openEvents();
    for (const days_ago of [1, 2, 9])
      shop.track('Active on Site', { external_id: null, email: null }, days_ago);
    shop.track('Active on Site', { phone_number: '+40700000009' }, 3);

    const { warnings } = await shop.pull();

    expect([...shop.events.values()]).toMatchObject([{ phone: '+40700000009' }]);
    expect(warnings).toEqual([
      '3 events left out: Klaviyo knows neither address, nor number, nor external id of who did it',
    ]);
  });
});

describe('a second pull', () => {
  test('brings only what is new', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 20);
    shop.track('Active on Site', ana, 1);
    const first = await shop.pull();
    shop.clock.now += 3_600_000;
    const idle = await shop.pull();
    shop.track('Active on Site', ana, 0.01);
    const third = await shop.pull();

    expect(first.fresh).toHaveLength(2);
    expect(idle).toMatchObject({ fresh: [], read: 1 });
    expect(third.fresh).toHaveLength(1);
  });

  test('finds what was dated back by less than three days', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 20);
    await shop.pull();
    shop.clock.now += 3_600_000;
    const late = shop.track('Active on Site', ana, 3);
    shop.track('Active on Site', ana, 3.1);

    const { fresh } = await shop.pull();

    expect(fresh.map(({ event_id }) => event_id)).toEqual([late]);
  });

  test('reads a metric that is new to the account from the start', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 1);
    await shop.pull();
    shop.track('Viewed Product', ana, 20);

    const { fresh } = await shop.pull();

    expect(fresh).toMatchObject([{ type: 'view' }]);
  });

  test('reads from a day on when somebody asks for that', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 1);
    await shop.pull();
    shop.track('Active on Site', ana, 40);

    const { fresh } = await shop.pull({ from: '2026-09-01T00:00:00.000Z' });

    expect(fresh).toHaveLength(1);
  });
});

describe('a pull that is cut off', () => {
  test('goes on with the day after the last that is whole, metric by metric', async () => {
    const shop = await openEvents();
    for (let days_ago = 1; days_ago <= 30; days_ago += 1) shop.track('Active on Site', ana, days_ago);
    await shop.pull({ pages: 25 });
    const mark = Date.parse([...shop.marks.values()][0]!);
    const before = shop.looks().length;

    await shop.pull();

    const first = shop.looks()[before]!.get('filter')!;
    const begins = Date.parse(/greater-or-equal\(datetime,([^)]+)\)/.exec(first)![1]!);
    expect(mark).toBeGreaterThan(Date.parse('2026-10-05T00:00:00Z'));
    expect(begins).toBe(mark - 3 * 86_400_000);
    expect(shop.events.size).toBe(30);
  });

  test('does not fall back behind where the one before it came', async () => {
    const shop = await openEvents();
    shop.track('Active on Site', ana, 20);
    await shop.pull();
    const reached = [...shop.marks];
    shop.clock.now += 86_400_000;
    for (let pages = 1; pages <= 4; pages += 1) await shop.pull({ pages });

    expect([...shop.marks]).toEqual(reached);
  });

  test('is ended by the signal', async () => {
    const stop = new AbortController();
    const shop = await openEvents({ signal: stop.signal });
    shop.track('Active on Site', ana, 1);
    stop.abort();

    await expect(shop.pull()).rejects.toThrow('abort');
  });
});

test('a pull of everything reads each metric as one', async () => {
  const shop = await openEvents();
  for (const days_ago of [1, 400, 900]) shop.track('Active on Site', ana, days_ago);

  const pages = await Array.fromAsync(shop.source().pull({ marks: new Map(), since: new Map() }));

  expect(pages.flatMap(({ events = [] }) => events)).toHaveLength(3);
});

describe('check', () => {
  test('says which metrics are read, and which of the job’s are not there', async () => {
    const shop = await openEvents({ settings: { metrics: { Reviewed: 'review' } } });
    const { id } = shop.platform.metric('Active on Site');

    expect(await shop.source().check()).toEqual([
      'key accepted, with metrics:read, events:read, profiles:read',
      `Active on Site (${id}): read as visit`,
      'the account has no metric called "Reviewed" (yet)',
    ]);
  });

  test('of an account without metrics says so', async () => {
    const shop = await openEvents();

    expect(await shop.source().check()).toEqual([
      'key accepted, with metrics:read',
      'the account has no metrics to read yet',
    ]);
  });
});
