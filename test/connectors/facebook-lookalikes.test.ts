import { expect, test } from 'vitest';
import type { Derived } from '../../connectors/destination.ts';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, people } from './facebook-stand.ts';
import { creations, HOUR, NAME, openSeed, refusal, RO, states } from './facebook-seed.ts';

test('a lookalike is made once, filled by Meta, and found from then on', async () => {
  let at = Date.UTC(2026, 10, 22);
  await using seed = await openSeed(100, { stand: [{}, { now: () => at }] });
  const { stand, derive, remote_id } = seed;

  const made = await derive([RO]);
  const [lookalike] = stand.held().lookalikes;
  const filling = await derive([RO]);
  at += 2 * HOUR;
  const ready = await derive([RO]);

  const id = lookalike?.id;
  expect(lookalike).toMatchObject({ name: NAME, origin_audience_id: remote_id });
  expect(made).toEqual([
    {
      name: NAME,
      remote_id: id,
      state: 'created',
      note: 'Meta fills it within one to six hours.',
      requests: 1,
    },
  ]);
  expect(filling).toEqual([
    { name: NAME, remote_id: id, state: 'waiting', note: 'Meta is still filling it.', requests: 0 },
  ]);
  expect(ready).toEqual([{ name: NAME, remote_id: id, state: 'ready', requests: 0 }]);
  expect(creations(stand)).toHaveLength(1);
});

test('what is asked of Meta is a text with nothing in it that it does not know', async () => {
  await using seed = await openSeed(100);

  await seed.derive([
    RO,
    { countries: ['RO', 'DE'], ratio: { from: 0.01, to: 0.07 }, name: 'Neighbours' },
    { ...RO, ratio: 0.2, allow_international_seeds: true },
  ]);

  expect(creations(seed.stand).map(({ name, lookalike_spec }) => [name, JSON.parse(lookalike_spec)])).toEqual(
    [
      [NAME, { ratio: 0.01, country: 'RO' }],
      [
        'Neighbours',
        { starting_ratio: 0.01, ratio: 0.07, location_spec: { geo_locations: { countries: ['DE', 'RO'] } } },
      ],
      ['Lookalike (RO, 20%) - Top', { ratio: 0.2, country: 'RO', allow_international_seeds: true }],
    ],
  );
});

test('a seed with values asks for it by its own type', async () => {
  await using seed = await openSeed(100, { settings: { value: 'clv_12m' } });

  const derived = await seed.derive([{ countries: ['RO', 'DE'], ratio: { from: 0.01, to: 0.02 } }]);

  expect(derived).toMatchObject([{ name: 'Lookalike (DE, RO, 1% to 2%) - Top', state: 'created' }]);
  expect(JSON.parse(creations(seed.stand)[0]!.lookalike_spec)).toMatchObject({ type: 'custom_ratio' });
});

test('a seed that holds no values, though it should, is told of', async () => {
  await using seed = await openSeed(100);
  const settings = { value: 'clv_12m', lookalikes: [RO] };

  const derived = await seed.stand.destination.derive!({
    name: 'Top',
    remote_id: seed.remote_id,
    settings,
    members: 100,
    changed: 0,
  });

  expect(derived[0]?.note).toContain('Its seed holds no values');
});

test('lookalikes are told apart by seed, countries and size, not by name', async () => {
  await using seed = await openSeed(100);
  const { stand, remote_id, derive } = seed;
  const other = await stand.destination.create('Active');
  await all(stand.destination.push(change(other.remote_id, { add: people(0, 100) })));
  const byHand = (origin_audience_id: string, spec: object) =>
    stand.call('POST', '/act_1/customaudiences', {
      name: NAME,
      subtype: 'LOOKALIKE',
      origin_audience_id,
      lookalike_spec: JSON.stringify(spec),
    });
  const { id } = await byHand(remote_id, {
    starting_ratio: 0.01,
    ratio: 0.07,
    location_spec: { geo_locations: { countries: ['RO', 'DE'] } },
  });
  await byHand(other.remote_id, { ratio: 0.01, country: 'RO' });
  await byHand(remote_id, { ratio: 0.02, country: 'RO' });
  await byHand(remote_id, { type: 'reach', country: 'FR' });

  const derived = await derive([
    RO,
    { countries: ['DE', 'RO', 'DE'], ratio: { from: 0.01, to: 0.07 } },
    { countries: ['FR'], ratio: 0.05 },
  ]);

  expect(states(derived)).toEqual(['created', 'waiting', 'waiting']);
  expect(derived[1]).toMatchObject({ remote_id: id, requests: 0 });
});

test('a seed too small is waited for, and nothing is sent', async () => {
  await using seed = await openSeed(99);

  const derived = await seed.derive([RO]);

  expect(derived).toEqual([
    {
      name: NAME,
      remote_id: null,
      state: 'waiting',
      note: 'The audience has 99 members; Meta needs 100 of the country.',
      requests: 0,
    },
  ]);
  expect(creations(seed.stand)).toEqual([]);
});

test('a seed whose people Meta is still looking up is waited for, and used at the next run', async () => {
  let at = Date.UTC(2026, 10, 22);
  await using seed = await openSeed(150, { stand: [{}, { now: () => at, matched_ms: HOUR }] });

  const first = await seed.derive([RO]);
  at += HOUR;
  const second = await seed.derive([RO]);

  expect(first).toMatchObject([
    {
      state: 'waiting',
      note: 'The audience is not ready. Meta has found too few of its people so far.',
      requests: 0,
    },
  ]);
  expect(states(second)).toEqual(['created']);
  expect(creations(seed.stand)).toHaveLength(1);
});

test('a seed that Meta still writes whole is waited for', async () => {
  await using seed = await openSeed(150);
  await seed.stand.call('POST', `/${seed.remote_id}/usersreplace`, {
    payload: { schema: ['EMAIL'], data: people(0, 150).map(({ email }) => [hashed('EMAIL', email)]) },
    session: { session_id: 5, batch_seq: 1, last_batch_flag: false },
  });

  expect(await seed.derive([RO])).toMatchObject([{ state: 'waiting', requests: 0 }]);
});

test.each<[string, Parameters<typeof refusal>, Derived['state']]>([
  ['too small for Meta after all', [2654], 'waiting'],
  ['not known everywhere', [100, 33], 'waiting'],
  ['flagged in the meantime', [100, 1713230], 'skipped'],
  ['of a country without lookalikes', [2654, 1713089], 'skipped'],
  ['refused as a wrong parameter', [100], 'skipped'],
])('a seed %s fails nothing, and the reason is told', async (_, error, state) => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault(refusal(...error));

  const derived = await seed.derive([RO, { countries: ['DE'], ratio: 0.01 }]);

  expect(states(derived)).toEqual([state, 'created']);
  expect(derived[0]).toMatchObject({ remote_id: null, requests: 1, note: expect.stringMatching(/\w/) });
});

test('an outage leaves the lookalike to the next run', async () => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault({ ...refusal(1), times: 4 });

  expect(await seed.derive([RO])).toMatchObject([{ state: 'waiting', requests: 4 }]);
});

test.each([1, 3])('an answer lost %i times does not make a second lookalike', async (times) => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault({
    platform: 'facebook',
    method: 'POST',
    path: 'customaudiences$',
    drop: 'after',
    times,
  });

  const [derived] = await seed.derive([RO]);

  expect(derived).toMatchObject({ state: 'waiting', remote_id: seed.stand.held().lookalikes[0]?.id });
  expect(seed.stand.held().lookalikes).toHaveLength(1);
});

test('a lookalike that Meta says exists but does not show is waited for', async () => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault(refusal(2654, 1713007));

  expect(await seed.derive([RO])).toMatchObject([{ state: 'waiting', remote_id: null, requests: 1 }]);
});

test('a token that Meta refuses is an error, not a note', async () => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault(refusal(190, 463));

  await expect(seed.derive([RO])).rejects.toMatchObject({ problem: { code: 'DESTINATION_KEY_REFUSED' } });
});

/** What Meta says of a lookalike that exists, and what a person is told. */
test.each<[object, Derived['state'], string | undefined]>([
  [{ operation_status: { code: 200 } }, 'ready', undefined],
  [{ operation_status: { code: 431 } }, 'ready', 'could not refresh'],
  [{ operation_status: { code: 432 } }, 'skipped', 'could not build'],
  [{ operation_status: { code: 434 } }, 'waiting', 'tries again'],
  [
    { operation_status: { code: 471 }, fields_violating_integrity_policy: ['name'] },
    'skipped',
    'or appeal. It objects to: name.',
  ],
  [{ operation_status: { code: 100 }, delete_time: 1_800_000_000 }, 'ready', 'deletes it on 2027-01-15'],
  [{ operation_status: { code: 100 } }, 'ready', 'within 90 days'],
  [{ approximate_count_upper_bound: -1 }, 'ready', 'inactive'],
  [{ delivery_status: { code: 300, description: 'Too small' } }, 'waiting', 'too few'],
  [{ delivery_status: { code: 400, description: 'Broken' } }, 'skipped', 'Meta says: "Broken"'],
])('a lookalike with %j is %s', async (said, state, note) => {
  await using seed = await openSeed(100);
  const [made] = await seed.derive([RO]);
  const spec = { ratio: 0.01, country: 'RO', origin: [{ id: seed.remote_id }] };
  const lookalike = { id: made?.remote_id, name: NAME, subtype: 'LOOKALIKE', lookalike_spec: spec, ...said };
  const top = { id: seed.remote_id, name: 'Top', subtype: 'CUSTOM' };
  const body = { data: [top, lookalike] };
  seed.stand.sandbox.fault({
    platform: 'facebook',
    method: 'GET',
    path: 'customaudiences$',
    status: 200,
    body,
  });

  const [derived] = await seed.derive([RO]);

  expect(derived?.state).toBe(state);
  if (note) expect(derived?.note).toContain(note);
  else expect(derived?.note).toBeUndefined();
});

test.each([
  ['no more calls', refusal(613)],
  ['a page of a proxy', { ...refusal(1), status: 200, body: undefined, text: '<html>Sign in</html>' }],
])('%s leaves the lookalike to the next run', async (_, fault) => {
  await using seed = await openSeed(100);
  seed.stand.sandbox.fault({ ...fault, times: 4 });

  expect(await seed.derive([RO])).toMatchObject([{ state: 'waiting', remote_id: null, requests: 1 }]);
});

test('a seed of which much changed is Meta’s to take in, and that is said', async () => {
  let at = Date.UTC(2026, 10, 22);
  await using seed = await openSeed(100, { stand: [{}, { now: () => at }] });
  await seed.derive([RO]);
  at += 2 * HOUR;

  const [much] = await seed.derive([RO], { changed: 20 });
  const [little] = await seed.derive([RO], { changed: 19 });

  expect(much).toMatchObject({ state: 'ready', requests: 0 });
  expect(much?.note).toContain('within three days');
  expect(little?.note).toBeUndefined();
  expect(creations(seed.stand)).toHaveLength(1);
});

test('a word that may get it flagged stays out of the name, and a flagged seed is not used', async () => {
  await using rich = await openSeed(100, { name: 'Mortgage holders' });
  await using flagged = await openSeed(0, { name: 'High income' });

  const [made] = await rich.derive([RO]);
  const [skipped] = await flagged.derive([RO], { members: 100 });

  expect(made).toMatchObject({ state: 'created' });
  expect(made?.name).toBe(`Lookalike (RO, 1%) - audience ${rich.remote_id}`);
  expect(rich.stand.logs).toContainEqual({
    message: 'Meta may flag the audience for a word in its name',
    fields: { audience: 'Mortgage holders', word: 'Mortgage' },
  });
  expect(skipped).toMatchObject({ state: 'skipped', requests: 0 });
  expect(skipped?.note).toContain('The audience cannot be used. Meta flagged it');
});

test('a full account makes no more, and sends nothing', async () => {
  await using seed = await openSeed(100);
  const lookalikes = Array.from({ length: 500 }, (_, n) => ({
    id: `l${n}`,
    name: 'x',
    subtype: 'LOOKALIKE',
  }));
  const body = { data: [{ id: seed.remote_id, name: 'Top', subtype: 'CUSTOM' }, ...lookalikes] };
  seed.stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });

  const derived = await seed.derive([RO]);

  expect(derived).toMatchObject([{ state: 'skipped', requests: 0 }]);
  expect(derived[0]?.note).toContain('500 lookalikes');
});
