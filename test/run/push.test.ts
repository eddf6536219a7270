import { describe, expect, test } from 'vitest';
import { keys, openActiveShop } from './active-shop.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];

test('members whom somebody else put there stay when ours are removed', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage);
  sells(FIVE);
  await shop.run(AS_OF);
  const foreign = { key: 'email:friend@example.com', customer: 'a friend of the shop' };
  platform.audiences.get('Active')!.members.set(foreign.key, foreign);

  const { audiences } = await leaves(['a']);

  expect(audiences).toMatchObject([{ removed: 4, added: 0 }]);
  expect(platform.members('Active')).toEqual(['email:a@example.com', 'email:friend@example.com']);
});

test('a member who leaves and comes back is removed and added again', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage);
  sells(['a', 'b']);
  await shop.run(AS_OF);
  const without = await leaves(['a']);
  const back = await leaves(['b']);

  expect(without.audiences).toMatchObject([{ added: 0, removed: 1, wanted: 1 }]);
  expect(back.audiences).toMatchObject([{ added: 1, removed: 0, wanted: 2 }]);
  expect(platform.members('Active')).toEqual(keys(['a', 'b']));
});

test('an audience that was deleted on the platform is made anew and filled whole', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  sells(FIVE);
  const first = await shop.run(AS_OF);
  platform.audiences.clear();

  const second = await shop.run(AS_OF);

  expect(second.audiences).toMatchObject([{ added: 5, removed: 0, requests: 4, error: null }]);
  expect(second.audiences[0]?.remote_id).not.toBe(first.audiences[0]?.remote_id);
  expect(platform.members('Active')).toEqual(keys(FIVE));
});

test('the requests of a push are the fewest that the platform allows, and those of the plan', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage);
  sells(FIVE);

  const filled = await shop.run(AS_OF);
  sells(['a'], '09');
  const planned = await shop.run('2026-09-30', { send: false });
  const emptied = await leaves(['a']);

  // One to create it and batches of two.
  expect(filled.audiences).toMatchObject([{ added: 5, requests: 4 }]);
  expect(planned.audiences).toMatchObject([{ to_remove: 4, removed: 0, requests: 2 }]);
  expect(emptied.audiences).toMatchObject([{ removed: 4, requests: 2 }]);
  expect(platform.requests).toHaveLength(4 + 2);
});

describe('a push that breaks off', () => {
  test('keeps what was acknowledged, and the next run sends the rest', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    platform.breaks = { after: 2, batch: 'taken' };
    sells(FIVE);

    const first = await shop.run(AS_OF);
    platform.breaks = undefined;
    const second = await shop.run(AS_OF);

    expect(first).toMatchObject({
      status: 'failed',
      audiences: [{ added: 4, requests: 3, error: { code: 'DESTINATION_DOWN' } }],
    });
    expect(second).toMatchObject({ status: 'done', audiences: [{ added: 1, requests: 1 }] });
    expect(platform.requests.at(-1)).toBe('add Active: email:e@example.com');
  });

  test('after the platform acted but before the ledger knew is repaired by the next run', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    platform.breaks = { after: 1, batch: 'lost' };
    sells(FIVE);
    await shop.run(AS_OF);
    const held = platform.members('Active');
    platform.breaks = undefined;

    const repaired = await shop.run(AS_OF);
    platform.breaks = { after: 0, batch: 'lost' };
    await leaves(['a']);
    platform.breaks = undefined;
    const removed = await leaves(['a']);

    expect(held).toEqual(keys(['a', 'b', 'c', 'd']));
    expect(repaired.audiences).toMatchObject([{ added: 3, removed: 0 }]);
    expect(removed.audiences).toMatchObject([{ added: 0, removed: 4 }]);
    expect(platform.members('Active')).toEqual(keys(['a']));
  });

  test('after the platform took people in who do not belong any more has them taken out by the next run', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    platform.breaks = { after: 1, batch: 'lost' };
    sells(FIVE);
    await shop.run(AS_OF);
    const held = platform.members('Active');
    platform.breaks = undefined;

    const next = await leaves(['e']);
    const again = await leaves(['e']);

    expect(held).toEqual(keys(['a', 'b', 'c', 'd']));
    expect(next).toMatchObject({ status: 'done', audiences: [{ added: 1 }] });
    expect(platform.members('Active')).toEqual(keys(['e']));
    expect(again.audiences).toMatchObject([{ requests: 0 }]);
  });

  test('after the platform let people go who then come back has them added by the next run', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    sells(FIVE);
    await shop.run(AS_OF);
    platform.breaks = { after: 0, batch: 'lost' };
    await leaves(['a']);
    const held = platform.members('Active');
    platform.breaks = undefined;

    await leaves(['a', 'b']);
    const again = await leaves(['a', 'b']);

    expect(held).not.toContain('email:b@example.com');
    expect(platform.members('Active')).toEqual(keys(['a', 'b']));
    expect(again.audiences).toMatchObject([{ requests: 0 }]);
  });

  test('after a whole audience was replaced but before the ledger knew is repaired by the next run', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    const { open } = platform.definition;
    platform.definition.open = async (...options) => ({
      ...(await open(...options)),
      async *push({ audience, wanted }) {
        for await (const member of wanted())
          platform.audiences.get(audience.name)!.members.set(member.key, member);
        yield { added: [], removed: [], requests: 1 };
        throw new Error('It was killed.');
      },
    });
    sells(FIVE);
    await shop.run(AS_OF);
    const held = platform.members('Active');
    platform.definition.open = open;

    await leaves(['e']);

    expect(held).toEqual(keys(FIVE));
    expect(platform.members('Active')).toEqual(keys(['e']));
  });

  test('because the run was asked to stop ends after the batch in flight, which is recorded', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    const stop = new AbortController();
    sells(FIVE);
    platform.took = () => stop.abort();

    const stopped = await shop.run(AS_OF, { signal: stop.signal });
    const sent = platform.requests.length;
    platform.took = undefined;
    const next = await shop.run(AS_OF);

    expect(stopped.audiences).toMatchObject([{ added: 2, error: { code: 'RUN_INTERRUPTED' } }]);
    expect(sent).toBe(2);
    expect(next.audiences).toMatchObject([{ added: 3, requests: 2 }]);
    expect(platform.members('Active')).toEqual(keys(FIVE));
  });

  test('does not stop the other destinations', async () => {
    const [down, up] = [openPlatform({ type: 'down' }), openPlatform({ type: 'up' })];
    down.breaks = { after: 0, batch: 'taken' };
    const shop = stage.shop({
      connectors: { down: down.definition, up: up.definition },
      segments: { lifecycle: { top_share: 0 } },
      destinations: ['down', 'up'].map((type) => ({ type, audiences: [{ segment: 'lifecycle.active' }] })),
    });
    shop.holds(aBuyer('ana'));

    const { status, audiences } = await shop.run(AS_OF);

    expect(status).toBe('partial');
    expect(audiences).toMatchObject([{ error: { code: 'DESTINATION_DOWN' } }, { added: 1, error: null }]);
  });
});

describe('a source that cannot be trusted', () => {
  test('because it cannot be read sends nothing and empties nothing', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    sells(FIVE);
    await shop.run(AS_OF);
    const gone = { type: 'csv', format: 'shopify', path: 'gone.csv' };
    shop.change({ sources: [gone] });

    const { status, error, audiences } = await shop.run(AS_OF);

    expect({ status, audiences }).toEqual({ status: 'failed', audiences: [] });
    expect(error?.code).toMatch(/^SOURCE_/);
    expect(platform.members('Active')).toEqual(keys(FIVE));
  });

  test('because it holds no purchase at all sends nothing and empties nothing', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    sells(FIVE);
    await shop.run(AS_OF);
    shop.change({ sources: ['an-empty-shelf'] });

    const { status, error } = await shop.run(AS_OF);

    expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'SOURCE_EMPTY' });
    expect(platform.members('Active')).toEqual(keys(FIVE));
  });
});
