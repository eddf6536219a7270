import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError, type ErrorCode } from '../../connectors/index.ts';
import { countHeld } from '../../src/ledger/ledger.ts';
import { accountOf } from '../../src/run/plan.ts';
import { keys } from './active-shop.ts';
import { openLivingShop } from './living-platform.ts';
import { openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const THREE = ['a', 'b', 'c'];
const down = (code: ErrorCode = 'DESTINATION_DOWN') => new SyncError({ code, what: 'The platform is down.' });

/** How many members the ledger says the shop's audiences have. */
async function heldBy({ job }: Shop): Promise<number[]> {
  const counts = await countHeld(stage.engine, accountOf(job.name, job.destinations[0]!));
  return [...counts.values()].map(({ held }) => held);
}

/** Makes all runs of a shop so far that much older. */
async function letHoursPass({ job }: Shop, hours: number): Promise<void> {
  const { engine } = stage;
  const rows = await engine.query<{ at: string }>('SELECT * FROM runs WHERE job = {job:String}', {
    job: job.name,
  });
  await engine.command('DELETE FROM runs WHERE job = {job:String}', { job: job.name });
  const earlier = (at: string) => new Date(Date.parse(at) - hours * 3_600_000).toISOString();
  await engine.insert(
    'runs',
    rows.map((row) => ({ ...row, at: earlier(row.at) })),
  );
}

const member = (name: string) => ({ key: `email:${name}@example.com`, customer: name });

describe('a run that reconciles', () => {
  test('adds again who was lost there, and leaves alone whom others added', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    const { members } = platform.audiences.get('Active')!;
    members.delete('email:b@example.com');
    members.set('email:friend@example.com', member('friend'));

    const plain = await shop.run(AS_OF);
    const reconciled = await shop.run(AS_OF, { reconcile: true });
    const again = await shop.run(AS_OF, { reconcile: true });

    expect(plain.audiences).toMatchObject([{ added: 0, reconciled: null, requests: 0 }]);
    expect(reconciled.audiences).toMatchObject([
      {
        added: 1,
        removed: 0,
        requests: 1,
        reconciled: { repaired: 1, foreign: 1 },
        remote_count: 4,
        drift: 1,
      },
    ]);
    expect(reconciled.warnings).toContainEqual(expect.stringContaining('1 members of ours were gone'));
    expect(again.audiences).toMatchObject([
      { added: 0, requests: 0, reconciled: { repaired: 0, foreign: 1 } },
    ]);
    expect(platform.members('Active')).toEqual(keys([...THREE, 'friend']));
    expect(await heldBy(shop)).toEqual([3]);
  });

  test('forgets who was lost there and belongs there no more', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    platform.audiences.get('Active')!.members.delete('email:b@example.com');
    sells(['a', 'c'], '09');

    const { audiences } = await shop.run('2026-09-30', { reconcile: true });

    expect(audiences).toMatchObject([{ added: 0, removed: 0, requests: 0, reconciled: { repaired: 1 } }]);
    expect(await heldBy(shop)).toEqual([2]);
  });

  test('sends nothing to a platform whose members it cannot read to the end, and keeps its ledger', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    const sent = platform.requests.length;
    platform.fails.set('members', down());
    sells([...THREE, 'd']);

    const { status, audiences } = await shop.run(AS_OF, { reconcile: true });

    expect(status).toBe('failed');
    expect(audiences).toMatchObject([{ added: 0, error: { code: 'DESTINATION_DOWN' } }]);
    expect(platform.requests).toHaveLength(sent);
    expect(await heldBy(shop)).toEqual([3]);
  });

  test('says so where a platform does not tell its members, and goes on', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    platform.lacks.add('members');
    sells(THREE);

    const { status, audiences, warnings } = await shop.run(AS_OF, { reconcile: true });

    expect({ status, warnings }).toEqual({
      status: 'done',
      warnings: [expect.stringContaining('nothing to reconcile')],
    });
    expect(audiences).toMatchObject([{ added: 3, reconciled: null }]);
  });

  test('leaves, whatever was there, exactly the members of the segment and those of others', async () => {
    const people = [...'abcdef'];
    const some = fc.subarray(people);
    await fc.assert(
      fc.asyncProperty(some, some, some, fc.subarray(['x', 'y']), async (first, lost, second, foreign) => {
        const { shop, platform, sells } = openLivingShop(stage);
        sells(first.length > 0 ? first : ['a']);
        await shop.run(AS_OF);
        const { members } = platform.audiences.get('Active')!;
        for (const name of lost) members.delete(member(name).key);
        for (const name of foreign) members.set(member(name).key, member(name));
        const wanted = second.length > 0 ? second : ['a'];
        sells(wanted, '09');

        const { audiences } = await shop.run('2026-09-30', { reconcile: true });

        expect(platform.members('Active')).toEqual(keys([...wanted, ...foreign]).toSorted());
        expect(await heldBy(shop)).toEqual([wanted.length]);
        expect(audiences).toMatchObject([{ reconciled: { foreign: foreign.length }, drift: foreign.length }]);
      }),
      { numRuns: 5 },
    );
  });
});

describe('the platform’s own count, after a push,', () => {
  test('stands beside what the ledger holds', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    platform.exact = false;
    sells(THREE);
    await shop.run(AS_OF);
    platform.audiences.get('Active')!.members.clear();
    sells([...THREE, 'd']);

    const { audiences, warnings } = await shop.run(AS_OF);

    expect(audiences).toMatchObject([{ held: 4, remote_count: 1, count_is_exact: false, drift: -3 }]);
    expect(warnings).toEqual([]);
  });

  test('is warned of where it is exact and members were lost', async () => {
    const { shop, platform, sells } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    platform.audiences.get('Active')!.members.clear();
    sells([...THREE, 'd']);

    const { status, warnings } = await shop.run(AS_OF);

    expect({ status, warnings }).toEqual({
      status: 'done',
      warnings: [expect.stringMatching(/Active: 3 members fewer .* --reconcile/)],
    });
  });

  test('is read of what changed and of what was not counted for long, nothing else', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    sells(THREE);
    await shop.run(AS_OF);
    const unchanged = await shop.run(AS_OF);
    keeps([{ segment: 'lifecycle.active' }, { segment: 'lifecycle.active', audience: 'Again' }]);
    await shop.run(AS_OF);
    await letHoursPass(shop, 21);
    await shop.run(AS_OF);

    expect(unchanged.audiences).toMatchObject([{ remote_count: null, drift: null, held: 3 }]);
    expect(platform.counted).toEqual(['Active', 'Again', 'Active', 'Again']);
  });

  test('is not waited for for ever, and comes first at the next run', async () => {
    const { shop, platform, sells, keeps } = openLivingShop(stage);
    keeps(['Active', 'Again', 'More'].map((audience) => ({ segment: 'lifecycle.active', audience })));
    platform.stalls.add('Again');
    sells(THREE);

    const first = await shop.run(AS_OF, { counting_ms: 100 });
    platform.stalls.clear();
    await shop.run(AS_OF);

    expect(first).toMatchObject({ status: 'done', warnings: [] });
    expect(first.audiences.map(({ remote_count }) => remote_count)).toEqual([3, null, null]);
    expect(platform.counted).toEqual(['Active', 'Again', 'More']);
  });

  test.each([
    { code: 'DESTINATION_DOWN', warnings: [expect.stringContaining('could not be counted')] },
    { code: 'DESTINATION_THROTTLED', warnings: [] },
  ] as const)('makes no run fail where it cannot be read: $code', async ({ code, warnings }) => {
    const { shop, platform, sells } = openLivingShop(stage);
    platform.fails.set('count', down(code));
    sells(THREE);

    const report = await shop.run(AS_OF);

    expect(report).toMatchObject({ status: 'done', audiences: [{ added: 3, remote_count: null }], warnings });
  });
});
