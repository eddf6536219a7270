import { describe, expect, test } from 'vitest';
import { SyncError } from '../../connectors/index.ts';
import { rememberAudience } from '../../src/ledger/ledger.ts';
import { accountOf } from '../../src/run/plan.ts';
import { keys } from './active-shop.ts';
import { openLivingShop } from './living-platform.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const ACTIVE = 'lifecycle.active';
const THREE = ['a', 'b', 'c'];
const friend = { key: 'email:friend@example.com', customer: 'a friend of the shop' };

describe('an audience that the job file gives another name', () => {
  test('is renamed there, and keeps its id, its members and its ledger', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    const before = await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);
    sells([...THREE, 'd']);

    const planned = await shop.run(AS_OF, { send: false });
    const renamed = await shop.run(AS_OF);
    const after = await shop.run(AS_OF);

    const { remote_id } = before.audiences[0]!;
    const change = { renamed_from: 'Active', remote_id, to_add: 1, to_remove: 0, requests: 2 };
    expect(planned.audiences).toMatchObject([{ ...change, added: 0 }]);
    expect(renamed.audiences).toMatchObject([{ ...change, added: 1, error: null }]);
    expect(renamed.orphans).toEqual([]);
    expect(renamed.warnings).toContainEqual(expect.stringContaining('called "Active" so far'));
    expect(after.audiences).toMatchObject([{ renamed_from: null, remote_id, requests: 0 }]);
    expect(platform.requests.slice(-2)).toEqual([
      'rename Active to Buyers',
      'add Buyers: email:d@example.com',
    ]);
    expect([...platform.audiences.keys()]).toEqual(['Buyers']);
    expect(platform.members('Buyers')).toEqual(keys([...THREE, 'd']));
  });

  test('and back again is renamed back', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE }]);

    const back = await shop.run(AS_OF);

    expect(back.audiences).toMatchObject([{ audience: 'Active', renamed_from: 'Buyers', requests: 1 }]);
    expect(platform.members('Active')).toEqual(keys(THREE));
  });

  test('and that somebody, or a run cut short, renamed there already, is taken as it is', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    platform.renameByHand('Active', 'Buyers');
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);

    const { audiences, orphans, warnings } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ added: 0, requests: 0, error: null }]);
    expect({ orphans, warnings }).toEqual({ orphans: [], warnings: [] });
  });

  test('is not renamed where the new name is taken: that one is used, and the former is left behind', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    const taken = { remote_id: 'taken', settings: {}, members: new Map([[friend.key, friend]]) };
    platform.audiences.set('Buyers', taken);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);

    const first = await shop.run(AS_OF);
    const second = await shop.run(AS_OF);

    expect(first.audiences).toMatchObject([{ remote_id: 'taken', added: 3, renamed_from: null }]);
    expect(first.warnings).toContainEqual(expect.stringContaining('could not be renamed'));
    expect(second.orphans).toMatchObject([{ audience: 'Active', held: 3 }]);
    expect(platform.members('Active')).toEqual(keys(THREE));
    expect(platform.members('Buyers')).toEqual([...keys(THREE), friend.key].toSorted());
  });

  test.each([
    { but: 'of another segment', entry: { segment: 'lifecycle.top', audience: 'Buyers' } },
    { but: 'with other settings', entry: { segment: ACTIVE, audience: 'Buyers', makes: ['x'] } },
  ])('$but is another audience', async ({ entry }) => {
    const { shop, platform, sells, keeps } = openLivingShop(stage, { segments: { lifecycle: {} } });
    sells(THREE);
    await shop.run(AS_OF);
    const held = platform.members('Active');
    keeps([entry]);

    const { audiences, orphans } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ audience: 'Buyers', renamed_from: null }]);
    expect(orphans).toMatchObject([{ audience: 'Active', segment: ACTIVE, held: held.length }]);
    expect(platform.members('Active')).toEqual(held);
  });

  test('takes no place of one that an earlier version of the job file gave up', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    keeps([{ segment: 'lifecycle.lost' }]);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);

    const { audiences } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ audience: 'Buyers', added: 3, renamed_from: null }]);
    expect(platform.members('Active')).toEqual(keys(THREE));
  });

  test('but cannot be renamed keeps right members under its former name, until it can', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);
    sells([...THREE, 'd']);
    platform.fails.set('rename', new SyncError({ code: 'DESTINATION_REJECTED', what: 'No such name here.' }));

    const refused = await shop.run(AS_OF);
    const held = platform.members('Active');
    platform.fails.clear();
    const renamed = await shop.run(AS_OF);

    expect(refused).toMatchObject({ audiences: [{ added: 1, error: { code: 'DESTINATION_REJECTED' } }] });
    expect(held).toEqual(keys([...THREE, 'd']));
    expect(renamed).toMatchObject({ status: 'done', audiences: [{ added: 0, requests: 1 }] });
    expect(platform.members('Buyers')).toEqual(held);
  });

  test('where a platform cannot rename is made anew, as the plan says, and the former one is left behind', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    platform.lacks.add('rename');
    sells(THREE);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);

    const planned = await shop.run(AS_OF, { send: false });
    const made = await shop.run(AS_OF);

    expect(planned.audiences).toMatchObject([{ to_add: 3, requests: 3 }]);
    expect(made.audiences).toMatchObject([{ added: 3, requests: 3 }]);
    for (const { orphans } of [planned, made])
      expect(orphans).toMatchObject([{ audience: 'Active', held: 3 }]);
  });

  test('in a store of an older version is made anew at first, and renamed once a run has noted its segment', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    const first = await shop.run(AS_OF);
    const account = accountOf(shop.job.name, shop.job.destinations[0]!);
    const forgetSegment = () =>
      rememberAudience(stage.engine, account, { name: 'Active', remote_id: first.audiences[0]!.remote_id! });
    await forgetSegment();
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE, audience: 'Buyers' }]);
    expect((await shop.run(AS_OF, { send: false })).audiences).toMatchObject([{ renamed_from: 'Active' }]);
    await forgetSegment();

    const { audiences, orphans } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ audience: 'Buyers', added: 3, renamed_from: null }]);
    expect(orphans).toMatchObject([{ audience: 'Active', segment: null, held: 3 }]);
    expect(platform.members('Active')).toEqual(keys(THREE));
  });
});

describe('an audience that the job file names no more', () => {
  const other = [{ segment: 'lifecycle.lost' }];

  test('stays as it is and is told of at every run', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    keeps(other);
    const sent = platform.requests.length;

    const runs = [await shop.run(AS_OF, { send: false }), await shop.run(AS_OF), await shop.run(AS_OF)];

    for (const { orphans, warnings, status } of runs) {
      expect(status).toBe('done');
      expect(orphans).toEqual([
        { destination: 'platform', audience: 'Active', segment: ACTIVE, remote_id: 'remote-1', held: 3 },
      ]);
      expect(warnings).toContainEqual(
        expect.stringContaining('names the audience "Active" no more; 3 members'),
      );
    }
    expect(platform.requests).toHaveLength(sent);
    expect(platform.members('Active')).toEqual(keys(THREE));
  });

  test('with orphans: remove, loses the members that this job put there and stays itself', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    platform.audiences.get('Active')!.members.set(friend.key, friend);
    keeps(other, { orphans: 'remove' });

    const planned = await shop.run(AS_OF, { send: false });
    const removed = await shop.run(AS_OF);
    const after = await shop.run(AS_OF);

    const orphan = {
      audience: 'Active',
      orphan: true,
      wanted: 0,
      to_remove: 3,
      requests: 2,
      remote_id: 'remote-1',
    };
    expect(planned.audiences).toMatchObject([{ audience: 'Lost' }, { ...orphan, removed: 0 }]);
    expect(removed.audiences).toMatchObject([{ audience: 'Lost' }, { ...orphan, removed: 3, error: null }]);
    expect(platform.members('Active')).toEqual([friend.key]);
    expect(after).toMatchObject({ audiences: [{ audience: 'Lost' }], orphans: [] });
  });

  test('and that somebody deleted there is forgotten', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    platform.audiences.clear();
    keeps(other, { orphans: 'remove' });

    const runs = [await shop.run(AS_OF), await shop.run(AS_OF, { send: false })];

    for (const run of runs)
      expect(run).toMatchObject({ status: 'done', audiences: [{ audience: 'Lost' }], orphans: [] });
  });

  test('and that it names again is filled from where it was', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    keeps(other);
    await shop.run(AS_OF);
    keeps([{ segment: ACTIVE }]);
    sells([...THREE, 'd']);

    const { audiences, orphans } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ audience: 'Active', added: 1, requests: 1 }]);
    expect(orphans).toEqual([]);
    expect(platform.members('Active')).toEqual(keys([...THREE, 'd']));
  });
});

test('an audience that was deleted there is made anew, and the run says so', async () => {
  const { shop, platform, sells } = openLivingShop(stage);
  sells(THREE);
  const first = await shop.run(AS_OF);
  platform.audiences.clear();

  const second = await shop.run(AS_OF);

  expect(first).toMatchObject({ audiences: [{ recreated: false }], warnings: [] });
  expect(second.audiences).toMatchObject([{ added: 3, recreated: true }]);
  expect(second.warnings).toContainEqual(expect.stringContaining('had been deleted there'));
});

test('an audience deleted there, of whose name there is another, uses that one and says so', async () => {
  const { shop, platform, sells } = openLivingShop(stage);
  sells(THREE);
  await shop.run(AS_OF);
  platform.audiences.set('Active', { remote_id: 'another', settings: {}, members: new Map() });

  const { audiences, warnings } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ added: 3, remote_id: 'another' }]);
  expect(warnings).toContainEqual(expect.stringContaining('another of that name is used'));
});

test('an audience that was given the name of another there keeps its members; the other is not sent to', async () => {
  const { shop, platform, sells } = openLivingShop(stage, {
    destinations: [
      {
        type: 'platform',
        audiences: [{ segment: ACTIVE }, { segment: ACTIVE, audience: 'Buyers' }],
      },
    ],
  });
  sells(THREE);
  await shop.run(AS_OF);
  platform.audiences.delete('Buyers');
  platform.renameByHand('Active', 'Buyers');
  sells([...THREE, 'd']);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([
    { audience: 'Active', added: 1, error: null },
    { audience: 'Buyers', added: 0, error: { code: 'AUDIENCE_NAME_TAKEN' } },
  ]);
  expect(platform.members('Buyers')).toEqual(keys([...THREE, 'd']));
});
