import { expect, test } from 'vitest';
import { SyncError, type Derived } from '../../connectors/index.ts';
import { openLivingShop } from './living-platform.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const THREE = ['a', 'b', 'c'];
const AUDIENCES = [{ segment: 'lifecycle.active', makes: ['twin'] }];

test('once an audience holds its members, what is asked for is made out of it', async () => {
  const { shop, platform, sells, keeps } = openLivingShop(stage);
  keeps(AUDIENCES);
  const twin: Derived = { name: 'Twin', remote_id: 'twin-1', state: 'created', requests: 1 };
  platform.makes = () => [{ ...twin, note: 'It is filled within hours.' }];
  sells(THREE);

  const planned = await shop.run(AS_OF, { send: false });
  const first = await shop.run(AS_OF);
  platform.makes = () => [{ ...twin, state: 'ready', requests: 0 }];
  const second = await shop.run(AS_OF);

  expect(planned.audiences).toMatchObject([{ derived: [] }]);
  const seed = { name: 'Active', remote_id: 'remote-1', settings: { makes: ['twin'] }, members: 3 };
  expect(platform.seeds).toEqual([
    { ...seed, changed: 3 },
    { ...seed, changed: 0 },
  ]);
  expect(first).toMatchObject({ status: 'done', audiences: [{ requests: 3, derived: [twin] }] });
  expect(first.warnings).toEqual(['platform, Active: Twin: It is filled within hours.']);
  expect(second).toMatchObject({ warnings: [], audiences: [{ derived: [{ state: 'ready' }] }] });
});

test('what cannot be made is told and makes no push fail', async () => {
  const { shop, platform, sells, keeps } = openLivingShop(stage);
  keeps(AUDIENCES);
  platform.fails.set('derive', new SyncError({ code: 'DESTINATION_DOWN', what: 'The platform is down.' }));
  sells(THREE);

  const { status, audiences, warnings } = await shop.run(AS_OF);

  expect({ status, audiences }).toMatchObject({ status: 'done', audiences: [{ added: 3, derived: [] }] });
  expect(warnings).toEqual([expect.stringContaining('could not be looked after: The platform is down.')]);
});

test('nothing is made of an audience that could not be sent to', async () => {
  const { shop, platform, sells, keeps } = openLivingShop(stage);
  keeps(AUDIENCES);
  platform.breaks = { after: 1, batch: 'taken' };
  sells(THREE);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ added: 2, error: { code: 'DESTINATION_DOWN' }, held: null }]);
  expect(platform.seeds).toEqual([]);
});

test('members who are to be tried again do not keep the others from being made something of', async () => {
  const { shop, platform, sells, keeps } = openLivingShop(stage);
  keeps(AUDIENCES);
  platform.outcome = (key) => (key === 'email:c@example.com' ? 'retry' : 'done');
  sells(THREE);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ error: { code: 'PUSH_INCOMPLETE' } }]);
  expect(platform.seeds).toMatchObject([{ members: 2, changed: 2 }]);
});
