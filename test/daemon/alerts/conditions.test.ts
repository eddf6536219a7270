import { describe, expect, test } from 'vitest';
import { conditionsOf } from '../../../src/daemon/alerts/conditions.ts';
import { recordRun } from '../../../src/run/state.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage, type Shop } from '../../run/stage.ts';
import { DAY, HOUR } from './watch.ts';

const stage = openStage();
const NOW = Date.UTC(2026, 4, 20, 12);
const at = (ms: number) => new Date(NOW + ms).toISOString();

type Reported = {
  error?: { code: string; what: string } | null;
  drift?: number;
  held?: number;
  remote_count?: number;
  count_is_exact?: boolean;
};

/** A shop with the audience Active, and what its runs are taken to have left. */
function openPast(settings: object = {}) {
  const { shop } = openActiveShop(stage, settings);
  let runs = 0;
  const ends = async (ms: number, report: Reported, status = report.error ? 'partial' : 'done') => {
    runs += 1;
    const audience = { destination: 'platform', audience: 'Active', remote_id: 'r', error: null, ...report };
    const run_id = `run-${String(runs).padStart(4, '0')}`;
    const detail = JSON.stringify({ status, audiences: [audience], properties: [] });
    const row = { job: shop.job.name, run_id, event: 'finished', at: at(ms), as_of: '2026-05-20', detail };
    await stage.engine.insert('runs', [row]);
  };
  return { shop, ends };
}

const found = async ({ job }: Shop, now = NOW) => {
  const conditions = await conditionsOf(stage.engine, job, now);
  return conditions.map(({ key }) => key);
};
const DOWN = { code: 'DESTINATION_DOWN', what: 'It is down.' };

describe('an audience is stale', () => {
  test('when its last success is older than `stale_after`, to the moment', async () => {
    const { shop, ends } = openPast({ stale_after: '36h' });
    await ends(-36 * HOUR, {});

    expect(await found(shop)).toEqual([]);
    expect(await found(shop, NOW + 1)).toEqual(['stale:platform:Active']);
  });

  test('after three times the longest wait of its schedule, and two days at least', async () => {
    for (const [schedule, limit] of [
      ['0 * * * *', 2 * DAY],
      ['0 5 * * *', 3 * DAY],
      ['0 5 * * 1-5', 9 * DAY],
      ['0 5 * * 1', 21 * DAY],
    ] as const) {
      const { shop, ends } = openPast({ schedule });
      await ends(-limit, {});
      expect(await found(shop), schedule).toEqual([]);
      expect(await found(shop, NOW + 1), schedule).toEqual(['stale:platform:Active']);
    }
  });

  test('without a schedule and a limit of its own, never; nor before a run has met it', async () => {
    const { shop, ends } = openPast();
    await ends(-1000 * DAY, {});
    const fresh = openPast({ stale_after: '1d' });

    expect(await found(shop)).toEqual([]);
    expect(await found(fresh.shop)).toEqual([]);
  });

  test('however many runs have failed since, and neither held plans nor failures make it fresh', async () => {
    const { shop, ends } = openPast({ stale_after: '2d' });
    await ends(-3 * DAY, {});
    for (let hours = 35; hours > 0; hours -= 1) await ends(-hours * HOUR, { error: DOWN });
    await ends(0, {}, 'held');
    const never = openPast({ stale_after: '1d' });
    for (let hours = 35; hours > 0; hours -= 1) await never.ends(-hours * HOUR, { error: DOWN });

    expect(await found(shop)).toContain('stale:platform:Active');
    expect(await found(never.shop)).toContain('stale:platform:Active');
  });
});

describe('drift', () => {
  test('is told where the platform lost members, with the run that puts them back', async () => {
    const { shop, ends } = openPast();
    await ends(-HOUR, { drift: -10, held: 1000, remote_count: 990, count_is_exact: true });

    expect(await conditionsOf(stage.engine, shop.job, NOW)).toEqual([
      {
        kind: 'drift',
        key: 'drift:platform:Active',
        what: 'platform: the audience "Active" has 990 members there; this program put 1,000 into it.',
        why: '10 were taken out there, or the platform lost them.',
        fix: expect.stringContaining(`segment-sync run ${shop.job.name} --reconcile`),
        since: at(-HOUR),
        run_id: 'run-0001',
      },
    ]);
  });

  test('is told once where others added members, and not where the platform rounds or counts the same', async () => {
    const { shop, ends } = openPast();
    await ends(-3 * HOUR, { drift: 5, held: 10, remote_count: 15, count_is_exact: true });
    const added = await conditionsOf(stage.engine, shop.job, NOW);
    await ends(-2 * HOUR, {});
    const uncounted = await found(shop);
    await ends(-HOUR, { drift: 5, held: 10, remote_count: 15, count_is_exact: false });
    const rounded = await found(shop);
    await ends(0, { drift: 0, held: 10, remote_count: 10, count_is_exact: true });

    expect(added).toMatchObject([{ kind: 'drift', once: true }]);
    expect(uncounted).toEqual(['drift:platform:Active']);
    expect(rounded).toEqual([]);
    expect(await found(shop)).toEqual([]);
  });
});

describe('a run', () => {
  test('that was killed is told in words, though it left none', async () => {
    const { shop } = openPast();
    const ids = { job: shop.job.name, run_id: 'run-1', as_of: '2026-05-20' };
    await recordRun(stage.engine, ids, 'finished', { status: 'failed', error: { code: 'RUN_KILLED' } });

    expect(await conditionsOf(stage.engine, shop.job, NOW)).toMatchObject([
      {
        kind: 'failed',
        key: 'failed:RUN_KILLED',
        what: expect.stringContaining('killed'),
        fix: expect.stringContaining(`segment-sync run ${shop.job.name}`),
      },
    ]);
  });

  test('that was broken off waits for the one that takes it up, and no other failure does', async () => {
    const [broken, down] = [openPast(), openPast()];
    const STOPPED = { code: 'RUN_INTERRUPTED', what: 'The run was asked to stop.' };
    await broken.ends(0, { error: STOPPED });
    await down.ends(0, { error: DOWN });
    const [first] = await conditionsOf(stage.engine, broken.shop.job, NOW, { again: true });
    const [alone] = await conditionsOf(stage.engine, broken.shop.job, NOW);
    const [other] = await conditionsOf(stage.engine, down.shop.job, NOW, { again: true });

    expect([first?.waits, alone?.waits, other?.waits]).toEqual([true, undefined, undefined]);
  });

  test('that only refused some members did all it could', async () => {
    const { shop, ends } = openPast();
    await ends(0, {}, 'partial');

    expect(await found(shop)).toEqual([]);
  });

  test('that could not store properties is told', async () => {
    const { shop } = openPast();
    const ids = { job: shop.job.name, run_id: 'run-2', as_of: '2026-05-20' };
    const audience = { destination: 'platform', audience: 'Active', remote_id: 'r', error: null };
    const properties = { destination: 'platform', error: DOWN };
    const detail = { status: 'partial', audiences: [audience], properties: [properties] };
    await recordRun(stage.engine, ids, 'finished', detail);

    expect(await conditionsOf(stage.engine, shop.job, NOW)).toMatchObject([
      {
        key: 'failed:platform:DESTINATION_DOWN',
        what: 'platform: properties could not be brought up to date.',
      },
    ]);
  });

  test('that was missed is told as it was given', async () => {
    const { shop } = openPast();
    const missed = { due: at(-HOUR), why: 'The program was off.' };

    expect(await conditionsOf(stage.engine, shop.job, NOW, { missed })).toMatchObject([
      { kind: 'missed', key: 'missed', since: at(-HOUR), why: 'The program was off.' },
    ]);
  });
});
