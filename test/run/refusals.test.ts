import { describe, expect, test } from 'vitest';
import { PARKED_DAYS } from '../../src/ledger/refusals.ts';
import { keys, openActiveShop } from './active-shop.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];

/** Makes all that a shop's ledger says that many days older. */
async function letDaysPass(job: string, days: number): Promise<void> {
  const { engine } = stage;
  const rows = await engine.query<{ seq: string }>('SELECT * FROM ledger WHERE job = {job:String}', { job });
  await engine.command('DELETE FROM ledger WHERE job = {job:String}', { job });
  const older = rows.map((row) => ({ ...row, seq: String(Number(row.seq) - days * 86_400_000) }));
  await engine.insert('ledger', older);
}

describe('a member the platform refuses', () => {
  test('for good is left alone for seven days, then offered again', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    platform.outcome = (key) => (key === 'email:b@example.com' ? 'refused for good' : 'done');
    sells(FIVE);
    const first = await shop.run(AS_OF);
    const sent = platform.requests.length;

    const second = await shop.run(AS_OF);
    await letDaysPass(shop.job.name, PARKED_DAYS - 1);
    const sixDaysLater = await shop.run(AS_OF);
    const unsent = platform.requests.length;
    await letDaysPass(shop.job.name, 1);
    platform.outcome = () => 'done';
    const aWeekLater = await shop.run(AS_OF);

    expect(first).toMatchObject({
      status: 'partial',
      audiences: [{ added: 4, refused: 1, reasons: [{ reason: 'not wanted here', members: 1 }] }],
    });
    const parked = { status: 'partial', audiences: [{ added: 0, refused: 1, requests: 0 }] };
    expect([second, sixDaysLater]).toMatchObject([parked, parked]);
    expect(unsent).toBe(sent);
    expect(aWeekLater).toMatchObject({ status: 'done', audiences: [{ added: 1, refused: 0 }] });
    expect(platform.members('Active')).toEqual(keys(FIVE));
  });

  test('for now is offered again at the next run', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    platform.outcome = (key) => (key === 'email:b@example.com' ? 'refused' : 'done');
    sells(FIVE);
    await shop.run(AS_OF);
    platform.outcome = () => 'done';

    const second = await shop.run(AS_OF);

    expect(second.audiences).toMatchObject([{ added: 1, refused: 0, requests: 1 }]);
  });

  test('to let go is still held, left alone for seven days, and kept without a request if wanted again', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    sells(['a', 'b']);
    await shop.run(AS_OF);
    platform.outcome = () => 'refused for good';

    const refused = await leaves(['a']);
    const parked = await leaves(['a']);
    const wantedAgain = await leaves(['b']);

    expect(refused.audiences).toMatchObject([{ removed: 0, refused: 1, requests: 1 }]);
    expect(parked.audiences).toMatchObject([{ removed: 0, refused: 1, requests: 0 }]);
    expect(wantedAgain.audiences).toMatchObject([{ added: 0, removed: 0, refused: 0, requests: 0 }]);
    expect(platform.members('Active')).toEqual(keys(['a', 'b']));
  });

  test('for good is forgotten when the audience is made anew', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    platform.outcome = () => 'refused for good';
    sells(['a']);
    await shop.run(AS_OF);
    platform.audiences.clear();
    platform.outcome = () => 'done';

    expect((await shop.run(AS_OF)).audiences).toMatchObject([{ added: 1, refused: 0 }]);
  });
});

test('members to be tried again leave no trace: the run says so and the next one offers them', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  platform.outcome = (key) => (keys(['d', 'e']).includes(key) ? 'retry' : 'done');
  sells(FIVE);

  const first = await shop.run(AS_OF);
  const traces = await stage.engine.query('SELECT member FROM ledger WHERE job = {job:String}', {
    job: shop.job.name,
  });
  platform.outcome = () => 'done';
  const second = await shop.run(AS_OF);

  expect(first.audiences).toMatchObject([{ added: 3, refused: 0, error: { code: 'PUSH_INCOMPLETE' } }]);
  expect(traces).toHaveLength(3);
  expect(second).toMatchObject({ status: 'done', audiences: [{ added: 2, requests: 1 }] });
});
