import { expect, test } from 'vitest';
import { openFacts } from '../../../src/daemon/metrics/facts.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';

const stage = openStage();

test('members are counted anew once a run has ended, and until then each look is a few small statements', async () => {
  const { shop, sells, leaves } = openActiveShop(stage);
  sells(['a', 'b', 'c']);
  await shop.run('2026-03-31');
  const asked: string[] = [];
  const read = openFacts({
    ...stage.engine,
    query: (sql, ...more) => {
      asked.push(sql);
      return stage.engine.query(sql, ...more);
    },
  });
  const members = async () => (await read([shop.job])).jobs[0]!.audiences.map(({ members }) => members);

  const before = await members();
  asked.length = 0;
  await members();
  const again = [...asked];
  await leaves(['a']);

  expect(before).toEqual([3]);
  expect(again).toHaveLength(4);
  expect(again.join()).not.toContain('ledger');
  expect(await members()).toEqual([1]);
});
