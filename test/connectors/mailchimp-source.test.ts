import { describe, expect, test } from 'vitest';
import { ago, openCampaigns, recipients } from './mailchimp-campaigns.ts';

/** What was put in and what came out, in one order. */
const key = (type: string, email: string, at: string) => `${type} ${email} ${at}`;

describe('campaign activity', () => {
  test('comes whole over campaigns and pages, as events with the address and the time', async () => {
    const shop = await openCampaigns();
    const put: string[] = [];
    for (const [number, size] of [3, 2_500, 1_000].entries()) {
      const people = recipients(size);
      const id = `camp${number}`;
      shop.send(id, 10 + number, people);
      for (const [index, email] of people.entries()) {
        if (index % 3 === 0) continue;
        const action = (['open', 'click', 'bounce'] as const)[index % 2 === 0 ? 0 : index % 5 === 0 ? 2 : 1];
        const at = ago(shop.clock.now, 5 + index / 1_000).replace(/\.\d+Z/, '.000Z');
        shop.platform.act(id, email, { action, at });
        put.push(key(action, email, at));
      }
    }

    const { rejected, warnings } = await shop.pull();

    const got = [...shop.events.values()].map(({ type, email, at }) => key(type, email!, at));
    expect(got.toSorted()).toEqual(put.toSorted());
    expect({ rejected, warnings }).toEqual({ rejected: [], warnings: [] });
    expect([...shop.events.values()].every((event) => event.is_machine === undefined)).toBe(true);
    expect(shop.looks()).toHaveLength(1 + 3 + 1);
  });

  test('of a second pull brings only what is new', async () => {
    const shop = await openCampaigns();
    shop.send('a', 10, recipients(20));
    shop.act('a', 'r1@shop.example', 'open', 9);
    shop.act('a', 'r2@shop.example', 'click', 1);
    const first = await shop.pull();
    shop.clock.now += 86_400_000;
    const idle = await shop.pull();
    shop.act('a', 'r1@shop.example', 'click', 0.5);
    const third = await shop.pull();

    expect(first.fresh).toHaveLength(2);
    expect(idle).toMatchObject({ fresh: [], read: 1, rejected: [], warnings: [] });
    expect(third.fresh).toMatchObject([{ type: 'click', email: 'r1@shop.example' }]);
  });

  test('that shows late is read again within two days', async () => {
    const shop = await openCampaigns();
    shop.send('a', 10, recipients(20));
    await shop.pull();
    shop.clock.now += 86_400_000;
    shop.act('a', 'r1@shop.example', 'open', 2.9);
    shop.act('a', 'r2@shop.example', 'open', 3.1);

    const { fresh } = await shop.pull();

    expect(fresh).toMatchObject([{ email: 'r1@shop.example' }]);
  });

  test('of old campaigns is looked at once a week, of automations at every pull', async () => {
    const shop = await openCampaigns();
    shop.send('fresh', 59, recipients(2));
    shop.send('old', 61, recipients(2));
    shop.send('welcome', 400, recipients(2), { type: 'automation' });
    const looked = async () => {
      const before = shop.looks().length;
      await shop.pull();
      return shop
        .looks()
        .slice(before)
        .map(({ campaign }) => campaign)
        .toSorted();
    };

    const first = await looked();
    const next = await looked();
    shop.clock.now += 6 * 86_400_000;
    const sixth = await looked();
    shop.clock.now += 86_400_000;
    const seventh = await looked();

    expect([first, next, sixth, seventh]).toEqual([
      ['fresh', 'old', 'welcome'],
      ['fresh', 'welcome'],
      ['welcome'],
      ['fresh', 'old', 'welcome'],
    ]);
  });

  test('loses nothing when a campaign grows old between two looks', async () => {
    const shop = await openCampaigns();
    shop.send('a', 58, recipients(2));
    await shop.pull();
    shop.clock.now += 3 * 86_400_000;
    shop.act('a', 'r0@shop.example', 'click', 2);
    await shop.pull();
    shop.clock.now += 5 * 86_400_000;
    await shop.pull();

    expect([...shop.events.values()]).toMatchObject([{ type: 'click', email: 'r0@shop.example' }]);
  });

  test('before the start is not read, nor campaigns that ended before it', async () => {
    const shop = await openCampaigns({ settings: { start: '2026-09-01' } });
    shop.send('long-ago', 200, recipients(2));
    shop.send('a', 80, recipients(2));
    shop.act('a', 'r0@shop.example', 'open', 79);
    shop.act('a', 'r0@shop.example', 'click', 30);

    await shop.pull();

    expect([...shop.events.values()]).toMatchObject([{ type: 'click' }]);
    expect(shop.looks()).toEqual([{ campaign: 'a', offset: 0, since: '2026-09-01T00:00:00+00:00' }]);
  });

  test('is read from a day on when somebody asks for that', async () => {
    const shop = await openCampaigns();
    shop.send('a', 80, recipients(2));
    shop.act('a', 'r0@shop.example', 'open', 40);
    await shop.pull();
    shop.act('a', 'r0@shop.example', 'click', 39);

    const { fresh } = await shop.pull({ from: ago(shop.clock.now, 50) });

    expect(fresh).toMatchObject([{ type: 'click' }]);
  });

  test('of other lists is left out, unless no list is named', async () => {
    const shop = await openCampaigns();
    const all = await openCampaigns({ settings: { list_id: undefined } });
    for (const { send } of [shop, all]) {
      send('mine', 3, recipients(1));
      send('other', 3, recipients(1), { list_id: 'elsewhere' });
    }
    await shop.pull();
    await all.pull();

    expect(shop.looks().map(({ campaign }) => campaign)).toEqual(['mine']);
    expect(all.looks().map(({ campaign }) => campaign)).toEqual(['mine', 'other']);
  });

  test('within one second is one event of its kind', async () => {
    const shop = await openCampaigns();
    shop.send('a', 3, recipients(1));
    const at = '2026-10-30T10:00:00.000Z';
    for (const url of ['https://shop.example/1', 'https://shop.example/2']) {
      shop.platform.act('a', 'r0@shop.example', { action: 'click', at, url });
    }
    shop.platform.act('a', 'r0@shop.example', { action: 'open', at });

    await shop.pull();

    expect([...shop.events.values()].map(({ type }) => type)).toEqual(['click', 'open']);
  });
});

test('a large campaign is read only a few pages ahead of who stores them', async () => {
  const shop = await openCampaigns();
  shop.send('large', 3, recipients(60_000));
  const ahead: number[] = [];
  let taken = 0;
  for await (const { marks } of shop.source().pull({ marks: new Map(), since: new Map() })) {
    if (marks) continue;
    taken += 1;
    await new Promise((resolve) => setImmediate(resolve));
    ahead.push(shop.looks().length - taken);
  }

  expect(taken).toBe(60);
  expect(Math.max(...ahead)).toBeLessThanOrEqual(9);
});

describe('rows that are no events', () => {
  test('are told by campaign and row, without content, and the rest goes on', async () => {
    const shop = await openCampaigns();
    shop.send('a', 3, ['', 'r1@shop.example', 'r2@shop.example', 'r3@shop.example']);
    shop.act('a', '', 'open', 1);
    shop.act('a', 'r2@shop.example', 'open', 1);
    const email = { email_id: 'x', email_address: 'r9@shop.example' };
    shop.send('b', 2, []);
    shop.fault({
      path: '^/reports/b/email-activity$',
      status: 200,
      body: {
        emails: [
          { ...email, activity: [{ action: 'open', timestamp: 'yesterday' }] },
          { ...email, activity: [{ action: 'forward', timestamp: '2026-10-30T10:00:00+00:00' }] },
          email,
        ],
        total_items: 3,
      },
    });

    const { rejected } = await shop.pull();

    expect(rejected).toEqual([
      { source: 'campaign a', line: 1, reason: 'the contact has no e-mail address any more' },
      { source: 'campaign b', line: 1, reason: 'the time of the open cannot be read' },
    ]);
    expect([...shop.events.values()]).toMatchObject([{ email: 'r2@shop.example' }]);
  });
});

describe('a pull that is cut off', () => {
  test('goes on with the campaign after the last that was read to its end', async () => {
    const shop = await openCampaigns();
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      shop.send(id, 20 - index, recipients(2_100));
      shop.act(id, 'r2050@shop.example', 'open', 10);
    }
    // Campaign a: three pages and its mark; then one page of b.
    await shop.pull({ pages: 5 });
    const marked = [...shop.marks.keys()];
    const before = shop.looks().length;

    await shop.pull();

    const again = shop.looks().slice(before);
    const whole = again.filter(({ since }) => since === '2024-11-01T00:00:00+00:00');
    expect(marked).toEqual(['campaign a']);
    expect(new Set(whole.map(({ campaign }) => campaign))).toEqual(new Set(['b', 'c']));
    expect(shop.events.size).toBe(3);
  });

  test('is ended by the signal', async () => {
    const stop = new AbortController();
    const shop = await openCampaigns({ signal: stop.signal });
    shop.send('a', 3, recipients(5_000));
    stop.abort();

    await expect(shop.pull()).rejects.toThrow('abort');
  });
});

test('a campaign that is deleted while it is read is passed over', async () => {
  const shop = await openCampaigns();
  shop.send('a', 3, recipients(1));
  shop.send('b', 2, recipients(1));
  shop.act('b', 'r0@shop.example', 'open', 1);
  shop.fault({
    path: '^/reports/a/email-activity$',
    status: 404,
    body: { type: 'about:blank', title: 'Resource Not Found', status: 404, detail: 'gone', instance: '' },
  });

  await shop.pull();

  expect([...shop.events.values()]).toMatchObject([{ email: 'r0@shop.example' }]);
});

describe('check', () => {
  test('says what the key reads', async () => {
    const shop = await openCampaigns({ people: [{ email: 'a@shop.example' }] });
    shop.send('a', 3, recipients(1));
    shop.send('b', 9, recipients(1));
    const empty = await openCampaigns({ settings: { list_id: undefined } });

    expect(await shop.source().check()).toEqual([
      'account "Sandbox": key accepted, role owner',
      'list "Sandbox" (sandbox): 1 contacts',
      '2 campaigns sent, the latest on 2026-10-29',
    ]);
    expect(await empty.source().check()).toEqual([
      'account "Sandbox": key accepted, role owner',
      '0 campaigns sent',
    ]);
  });
});
