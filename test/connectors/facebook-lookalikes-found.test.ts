import { expect, test } from 'vitest';
import { NAME, openSeed, refusal, RO } from './facebook-seed.ts';

test('lookalikes of ours that the settings name no more are listed, and stay', async () => {
  await using seed = await openSeed(100);
  await seed.derive([RO, { countries: ['DE'], ratio: 0.01 }]);
  await seed.stand.call('POST', '/act_1/customaudiences', {
    name: 'Made by hand',
    subtype: 'LOOKALIKE',
    origin_audience_id: seed.remote_id,
    lookalike_spec: JSON.stringify({ ratio: 0.05, country: 'RO' }),
  });

  const derived = await seed.derive([RO]);
  const none = await seed.derive(undefined);

  expect(derived).toMatchObject([
    { name: NAME },
    { name: 'Lookalike (DE, 1%) - Top', state: 'ready', requests: 0 },
  ]);
  expect(derived[1]?.note).toContain('The job file names it no more; `orphans: remove`');
  expect(none.map(({ name }) => name)).toEqual([NAME, 'Lookalike (DE, 1%) - Top']);
  expect(seed.stand.held().lookalikes).toHaveLength(3);
});

test('they are removed on request, those made by hand never', async () => {
  await using seed = await openSeed(100, { stand: [{ orphans: 'remove' }] });
  await seed.derive([RO, { countries: ['DE'], ratio: 0.01 }]);
  await seed.stand.call('POST', '/act_1/customaudiences', {
    name: 'Made by hand',
    subtype: 'LOOKALIKE',
    origin_audience_id: seed.remote_id,
    lookalike_spec: JSON.stringify({ ratio: 0.05, country: 'RO' }),
  });

  const derived = await seed.derive([RO]);

  expect(derived[1]).toEqual({
    name: 'Lookalike (DE, 1%) - Top',
    remote_id: null,
    state: 'skipped',
    note: 'Removed: the job file names it no more.',
    requests: 1,
  });
  expect(seed.stand.held().lookalikes.map(({ name }) => name)).toEqual([NAME, 'Made by hand']);
  expect(await seed.derive([RO])).toHaveLength(1);
});

test('one that Meta does not let go is told of and stays', async () => {
  await using seed = await openSeed(100, { stand: [{ orphans: 'remove' }] });
  await seed.derive([RO]);
  seed.stand.sandbox.fault({ ...refusal(2650), method: 'DELETE', path: '.' });

  const derived = await seed.derive([]);

  expect(derived).toMatchObject([{ name: NAME, state: 'ready', requests: 1 }]);
  expect(derived[0]?.note).toContain('It could not be removed.');
});

test('a lookalike is found through its seed where it does not name it', async () => {
  await using seed = await openSeed(100);
  const lookalike = {
    id: '77',
    name: 'x',
    subtype: 'LOOKALIKE',
    lookalike_spec: { ratio: 0.01, country: 'RO' },
  };
  const top = { id: seed.remote_id, name: 'Top', subtype: 'CUSTOM', lookalike_audience_ids: ['77'] };
  const body = { data: [top, lookalike] };
  seed.stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });

  expect(await seed.derive([RO])).toMatchObject([{ remote_id: '77', requests: 0 }]);
});

/** Lets Meta list the seed and these audiences beside it. */
function listed(seed: Awaited<ReturnType<typeof openSeed>>, top: object, ...others: object[]): void {
  const node = { id: seed.remote_id, name: 'Top', subtype: 'CUSTOM', ...top };
  const lookalikes = others.map((other, n) => ({
    id: `${70 + n}`,
    name: 'x',
    subtype: 'LOOKALIKE',
    ...other,
  }));
  const body = { data: [node, ...lookalikes] };
  seed.stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });
}

test('a lookalike is known by the names of its size, by inexact shares, and by ids that are numbers', async () => {
  await using seed = await openSeed(100);
  const origin = [{ id: Number(seed.remote_id) }];
  listed(
    seed,
    { lookalike_audience_ids: [72] },
    { lookalike_spec: { type: 'similarity', country: 'RO', origin } },
    { lookalike_spec: { type: 'reach', country: 'FR', origin } },
    { lookalike_spec: { starting_ratio: 0.009999999776, ratio: 0.07000000029, country: 'DE' } },
  );

  const derived = await seed.derive([
    RO,
    { countries: ['FR'], ratio: 0.05 },
    { countries: ['DE'], ratio: { from: 0.01, to: 0.07 } },
  ]);

  expect(derived.map(({ remote_id }) => remote_id)).toEqual(['70', '71', '72']);
});

test('what is no lookalike is never taken for one of ours, and not removed', async () => {
  await using seed = await openSeed(100, { stand: [{ orphans: 'remove' }] });
  const ours = { description: 'Kept up to date by segment-sync', subtype: 'CUSTOM' };
  listed(seed, { lookalike_audience_ids: ['70'] }, ours);

  expect(await seed.derive([])).toEqual([]);
});

test('one that is gone already counts as removed, and is not tried again', async () => {
  await using seed = await openSeed(100, { stand: [{ orphans: 'remove' }] });
  const [made] = await seed.derive([RO]);
  const { stand, remote_id } = seed;
  const destination = stand.reopen();
  await destination.find([{ name: 'Top', remote_id }]);
  await stand.call('DELETE', `/${made?.remote_id}`);
  const derive = () =>
    destination.derive!({ name: 'Top', remote_id, settings: {}, members: 100, changed: 0 });

  expect(await derive()).toMatchObject([{ remote_id: null, state: 'skipped', requests: 1 }]);
  expect(await derive()).toEqual([]);
});

test('one just made is found again without a listing', async () => {
  await using seed = await openSeed(100);
  const { remote_id } = seed;
  const settings = { lookalikes: [RO] };
  const destination = seed.stand.reopen();
  const derive = () => destination.derive!({ name: 'Top', remote_id, settings, members: 100, changed: 0 });

  const [made] = await derive();
  const [again] = await derive();

  expect(again).toMatchObject({ remote_id: made?.remote_id, requests: 0 });
});
