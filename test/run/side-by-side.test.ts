import { expect, test } from 'vitest';
import { keys, openActiveShop } from './active-shop.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];

/** Opens once so many batches are under way at a time. */
function gate(count: number): () => Promise<void> {
  const open = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting === count) open.resolve();
    return open.promise;
  };
}

test('several batches of one audience are under way at a time, each noted as it is acknowledged', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  platform.at_a_time = 3;
  platform.took = gate(3);
  sells(FIVE);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ added: 5, requests: 4, error: null }]);
  expect(platform.members('Active')).toEqual(keys(FIVE));
  const again = await shop.run(AS_OF);
  expect(again.audiences).toMatchObject([{ added: 0, requests: 0 }]);
});

test('a run that is asked to stop begins no further batch and notes what those under way came to', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  const stop = new AbortController();
  platform.at_a_time = 2;
  const both = gate(2);
  platform.took = () => both().then(() => stop.abort());
  sells(FIVE);

  const stopped = await shop.run(AS_OF, { signal: stop.signal });
  platform.took = undefined;
  const next = await shop.run(AS_OF);

  expect(stopped.audiences).toMatchObject([{ added: 4, requests: 3, error: { code: 'RUN_INTERRUPTED' } }]);
  expect(next.audiences).toMatchObject([{ added: 1, requests: 1, error: null }]);
});

test('a batch that fails loses nothing of those beside it', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  platform.at_a_time = 3;
  platform.took = gate(2);
  platform.breaks = { after: 1, batch: 'lost' };
  sells(FIVE);

  const broken = await shop.run(AS_OF);
  platform.breaks = undefined;
  platform.took = undefined;
  const next = await shop.run(AS_OF);

  expect(broken.audiences).toMatchObject([{ added: 3, error: { code: 'DESTINATION_DOWN' } }]);
  expect(next.audiences).toMatchObject([{ added: 2, requests: 1, error: null }]);
  expect(platform.members('Active')).toEqual(keys(FIVE));
});

test('small changes of several audiences are under way at a time', async () => {
  const { shop, platform, sells } = openActiveShop(stage, {
    destinations: [
      {
        type: 'platform',
        audiences: ['One', 'Two', 'Three', 'Four', 'Five'].map((audience) => ({
          segment: 'lifecycle.active',
          audience,
        })),
      },
    ],
  });
  platform.took = gate(4);
  sells(['a', 'b']);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences.map(({ audience, added, requests }) => [audience, added, requests])).toEqual(
    ['One', 'Two', 'Three', 'Four', 'Five'].map((name) => [name, 2, 2]),
  );
});
