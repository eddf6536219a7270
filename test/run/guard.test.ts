import { describe, expect, test } from 'vitest';
import { erase } from '../../src/run/erase.ts';
import { keys, openActiveShop } from './active-shop.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const LATER = '2026-09-30';
const TEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

/** A shop whose ten customers are in the audience Active, which is guarded from five members on. */
async function openGuarded(guard: object = {}, names: readonly string[] = TEN) {
  const opened = openActiveShop(stage, { guard: { from_members: 5, ...guard } });
  opened.sells(names);
  const filled = await opened.shop.run(AS_OF);
  return { ...opened, filled };
}

describe('a plan that a guard holds', () => {
  test('is sent nothing of, and says why', async () => {
    const { shop, platform, leaves, filled } = await openGuarded();
    const sent = platform.requests.length;

    const held = await leaves(['a', 'b', 'c']);

    expect(filled).toMatchObject({ status: 'done', guard: [] });
    expect(held.status).toBe('held');
    expect(held.audiences).toMatchObject([{ to_remove: 7, to_add: 0, removed: 0 }]);
    expect(held.guard).toEqual([
      {
        destination: 'platform',
        audience: 'Active',
        limit: 'max_removed_share',
        members: 10,
        to_add: 0,
        to_remove: 7,
        why: 'it would lose 7 of its 10 members (70 %); at most 30 % may',
      },
    ]);
    expect(platform.requests).toHaveLength(sent);
    expect(platform.members('Active')).toEqual(keys(TEN));
    expect(await shop.run(LATER, { send: false })).toMatchObject({ status: 'held', guard: held.guard });
  });

  test('is released once by approve, exactly as it was', async () => {
    const { shop, platform, leaves } = await openGuarded();
    const held = await leaves(['a', 'b', 'c']);

    const released = await shop.approve();

    expect(released).toMatchObject({ run_id: held.run_id, status: 'done', audiences: [{ removed: 7 }] });
    expect(platform.members('Active')).toEqual(keys(['a', 'b', 'c']));
    await expect(shop.approve()).rejects.toMatchObject({ problem: { code: 'APPROVE_NOTHING_HELD' } });
    expect(await shop.run(LATER)).toMatchObject({ status: 'done', audiences: [{ removed: 0, requests: 0 }] });
  });

  test('waits while plans are looked at, and is superseded by the next run', async () => {
    const { shop, platform, sells, leaves } = await openGuarded();
    const first = await leaves(['a', 'b', 'c']);
    await shop.run(LATER, { send: false });
    const second = await shop.run(LATER);
    sells(TEN, '09');
    const whole = await shop.run(LATER);

    expect([first.status, second.status, whole.status]).toEqual(['held', 'held', 'done']);
    await expect(shop.approve()).rejects.toMatchObject({ problem: { code: 'APPROVE_NOTHING_HELD' } });
    expect(platform.members('Active')).toEqual(keys(TEN));
  });

  test('can be approved after a plan was looked at', async () => {
    const { shop, platform, leaves } = await openGuarded();
    await leaves(['a', 'b', 'c']);
    await shop.run(LATER, { send: false });

    expect(await shop.approve()).toMatchObject({ status: 'done', audiences: [{ removed: 7 }] });
    expect(platform.members('Active')).toEqual(keys(['a', 'b', 'c']));
  });

  test('that is not what it was any more is not sent: the job file was changed, or somebody was erased', async () => {
    // Who is erased stays out of every shop of the store.
    const names = [...TEN.slice(1), 'gone'];
    const { shop, platform, leaves } = await openGuarded({}, names);
    await leaves(['b', 'c']);
    const changed = async (audience: object) => {
      const destinations = [{ type: 'platform', audiences: [{ segment: 'lifecycle.active', ...audience }] }];
      shop.change({ destinations });
      await expect(shop.approve()).rejects.toMatchObject({ problem: { code: 'APPROVE_PLAN_CHANGED' } });
    };
    await changed({ audience: 'Awake' });
    const { signal } = new AbortController();
    await erase(stage.engine, [shop.job], 'gone@example.com', {
      state: stage.state,
      signal,
      log: () => undefined,
    });
    await changed({});

    expect(platform.members('Active')).toEqual(keys(TEN.slice(1)));
  });

  test('and whose sending breaks off leaves the rest to the next run', async () => {
    const { shop, platform, leaves } = await openGuarded();
    await leaves(['a', 'b', 'c']);
    platform.breaks = { after: 2, batch: 'taken' };

    const released = await shop.approve();
    platform.breaks = undefined;
    const next = await shop.run(LATER);

    expect(released).toMatchObject({ status: 'failed', audiences: [{ removed: 4 }] });
    expect(next.guard).toMatchObject([{ members: 6, to_remove: 3 }]);
    expect(await shop.approve()).toMatchObject({ status: 'done', audiences: [{ removed: 3 }] });
    expect(platform.members('Active')).toEqual(keys(['a', 'b', 'c']));
  });
});

describe('what a guard looks at', () => {
  test('an audience that would grow too much', async () => {
    const { leaves } = await openGuarded({ max_added_share: 0.5, max_removed_share: 1 });

    const grown = await leaves([...TEN, 'k', 'l', 'm', 'n', 'o', 'p']);

    expect(grown.guard).toMatchObject([
      { limit: 'max_added_share', why: '6 would join its 10 members (60 %); at most 50 % may' },
    ]);
  });

  test('an audience that would be left with nobody', async () => {
    const { leaves } = await openGuarded({ max_removed_share: 1 });

    const emptied = await leaves(['z']);

    expect(emptied.status).toBe('done');
    const { guard } = await (await openGuarded({ max_removed_share: 1, min_members: 4 })).leaves(['a', 'b']);
    expect(guard).toMatchObject([
      { limit: 'min_members', why: 'it would hold 2 members instead of 10; at least 4 must stay' },
    ]);
  });

  test('a shop most of whose customers nobody knew before', async () => {
    const { shop, platform, leaves } = await openGuarded({ max_added_share: 1000 });
    const others = Array.from({ length: 11 }, (_, index) => `other${index}`);

    const held = await leaves([...TEN, ...others]);
    const released = await shop.approve();
    const next = await shop.run(LATER);

    expect(held).toMatchObject({ status: 'held', audiences: [{ to_add: 11, added: 0 }] });
    expect(held.guard).toMatchObject([
      {
        destination: null,
        limit: 'max_new_customers',
        why: '52 % of the 21 customers were unknown to the last run that sent; at most 50 % may be',
      },
    ]);
    expect(released).toMatchObject({ status: 'done', audiences: [{ added: 11 }] });
    expect(next).toMatchObject({ status: 'done', guard: [] });
    expect(platform.members('Active')).toHaveLength(21);
    const few = await openGuarded({ max_added_share: 1000, max_new_customers: 0.53 });
    expect((await few.leaves([...TEN, ...others])).guard).toEqual([]);
  });

  test('sources that have brought nothing for too long, whoever would leave for it', async () => {
    const settings = { max_removed_share: 1, max_silence: '30d' };
    const { shop, platform } = await openGuarded(settings);

    const fresh = await shop.run('2026-03-31');
    const held = await shop.run('2026-04-01');

    // The newest order is of the first of March; the first fill was not asked.
    expect(fresh).toMatchObject({ status: 'done', guard: [] });
    expect(held.guard).toMatchObject([
      {
        limit: 'max_silence',
        why: 'the newest order of all sources is of 2026-03-01, 31 days before; at most 30 may pass',
      },
    ]);
    expect(held.status).toBe('held');
    expect(platform.members('Active')).toEqual(keys(TEN));
  });

  test('changes up to a limit pass, and one member more does not', async () => {
    const passed = await (await openGuarded()).leaves(TEN.slice(3));
    const held = await (await openGuarded()).leaves(TEN.slice(4));

    expect([passed.status, held.status]).toEqual(['done', 'held']);
  });

  test('no audience whose first fill broke off', async () => {
    const { shop, platform, sells } = openActiveShop(stage, { guard: { from_members: 2 } });
    sells(TEN);
    platform.breaks = { after: 1, batch: 'taken' };
    const broken = await shop.run(AS_OF);
    platform.breaks = undefined;

    expect(broken).toMatchObject({ status: 'failed', audiences: [{ added: 2 }] });
    expect(await shop.run(AS_OF)).toMatchObject({ status: 'done', audiences: [{ added: 8 }] });
  });

  test('no audience that holds fewer members than the guard is for', async () => {
    const { leaves } = await openGuarded({ from_members: 11 });

    expect((await leaves(['a'])).status).toBe('done');
  });

  test('an audience as its own entry says', async () => {
    const opened = openActiveShop(stage, {
      guard: { from_members: 5 },
      destinations: [
        { type: 'platform', audiences: [{ segment: 'lifecycle.active', guard: { max_removed_share: 0.7 } }] },
      ],
    });
    opened.sells(TEN);
    await opened.shop.run(AS_OF);

    expect((await opened.leaves(['a', 'b', 'c'])).status).toBe('done');
    expect((await opened.leaves(['a'])).status).toBe('done');
  });
});

test('a plan of a source that could not be read whole is held, and may be approved', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  sells(['a', 'b']);
  await shop.run(AS_OF);
  shop.holds({ incomplete: 'The export broke off.' });
  const held = await shop.run(LATER);

  const released = await shop.approve();

  expect(held).toMatchObject({ status: 'held', audiences: [{ to_remove: 2, removed: 0 }] });
  expect(released).toMatchObject({ status: 'done', audiences: [{ removed: 2 }] });
  expect(platform.members('Active')).toEqual([]);
});
