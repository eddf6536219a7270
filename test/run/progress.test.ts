import { expect, test } from 'vitest';
import type { Progress } from '../../src/run/progress.ts';
import { openActiveShop } from './active-shop.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];

function follow() {
  const told: Progress[] = [];
  const progress = (step: Progress) => void told.push(step);
  const whole = () => told.filter(({ source, destination }) => !source && !destination);
  return { told, progress, whole };
}

test('a run tells of each stage, of the rows it stored and of each answer of the platform', async () => {
  const { shop, sells } = openActiveShop(stage);
  sells(FIVE);
  const { told, progress, whole } = follow();

  const { run_id, status } = await shop.run(AS_OF, { progress });

  expect(status).toBe('done');
  const stages = ['pull', 'profile', 'predict', 'favourites', 'segment', 'backtest', 'plan', 'push'];
  expect(whole().map(({ stage, ended }) => [stage, ended])).toEqual(
    stages.flatMap((stage) => [
      [stage, false],
      [stage, true],
    ]),
  );
  expect(whole().at(-1)).toMatchObject({ stage: 'push', total: 5 });
  // A page for each customer: themselves and their order.
  const pulled = told.filter(({ source }) => source).map(({ done, ended }) => [done, ended]);
  expect(pulled).toEqual([...[0, 2, 4, 6, 8, 10].map((done) => [done, false]), [10, true]]);
  const sent = told.filter(({ destination }) => destination);
  expect(sent.map(({ destination, audience, done, total }) => [destination, audience, done, total])).toEqual(
    [0, 2, 4, 5, 5].map((done) => ['platform', 'Active', done, 5]),
  );
  expect(new Set(told.map((step) => step.run_id))).toEqual(new Set([run_id]));
});

test('a follower that throws does not disturb the run', async () => {
  const { shop, sells, platform } = openActiveShop(stage);
  sells(FIVE);
  const progress = () => {
    throw new Error('the terminal is gone');
  };

  expect(await shop.run(AS_OF, { progress })).toMatchObject({ status: 'done' });
  expect(platform.members('Active')).toHaveLength(5);
});

test('a push that breaks off ends where it came to, and approve tells under the id of the held run', async () => {
  const broken = openActiveShop(stage);
  broken.sells(FIVE);
  broken.platform.breaks = { after: 1, batch: 'taken' };
  const first = follow();
  await broken.shop.run(AS_OF, { progress: first.progress });
  expect(first.told.findLast(({ destination }) => destination)).toMatchObject({
    done: 2,
    total: 5,
    ended: true,
  });

  const guarded = openActiveShop(stage, { guard: { from_members: 1 } });
  guarded.sells(FIVE);
  await guarded.shop.run(AS_OF);
  const { run_id } = await guarded.leaves(['a']);
  const { told, progress, whole } = follow();
  await guarded.shop.approve({ progress });
  expect(whole().map(({ stage, ended, total }) => [stage, ended, total])).toEqual([
    ['plan', false, null],
    ['plan', true, null],
    ['push', false, 4],
    ['push', true, 4],
  ]);
  expect(new Set(told.map((step) => step.run_id))).toEqual(new Set([run_id]));
});
