import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../connectors/index.ts';
import { appendAcknowledged, countHeld, rememberAudience } from '../../src/ledger/ledger.ts';
import { appendProperties } from '../../src/ledger/properties.ts';
import { peopleAccountOf } from '../../src/run/plan.ts';
import { countRefused } from '../../src/run/refused.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();
const DAY = 86_400_000;
let jobs = 0;

/** A ledger of its own, whose facts are so many days old. */
function openLedger() {
  const { job } = stage.shop({ name: `refusing-${++jobs}` });
  const destination = { ...job.destinations[0]!, properties: [{ name: 'city', from: 'city' }] as never[] };
  const { name } = destination.audiences[0]!;
  const account = { job: job.name, destination: 'platform', account: 'main' };
  const now = Date.now();
  let batch = 0;
  const at = (days: number, run_id: string) => ({
    run_id,
    batch: `${++batch}`,
    clock: now - days * DAY + batch,
  });
  return {
    name,
    remember: () => rememberAudience(stage.engine, account, { name, remote_id: 'remote-1' }),
    append: (days: number, added: Outcome[], run_id = `run-${1000 - days}`) =>
      appendAcknowledged(stage.engine, { ...account, remote_id: 'remote-1' }, at(days, run_id), {
        added,
        removed: [],
        requests: 1,
      }),
    appendProperties: (days: number, updated: Outcome[]) =>
      appendProperties(
        stage.engine,
        peopleAccountOf(job.name, destination),
        at(days, `run-${1000 - days}`),
        updated,
        new Map(),
      ),
    parked: async () => (await countHeld(stage.engine, account)).get('remote-1')?.parked,
    refused: async () => {
      const groups = await countRefused(stage.engine, job.name, [destination]);
      return groups.map((found) => {
        const { destination: _, next_try, ...group } = found;
        return {
          ...group,
          in_days: next_try === null ? null : Math.round((Date.parse(next_try) - now) / DAY),
        };
      });
    },
  };
}

const refused = (name: string, permanent: boolean, reason = 'not wanted'): Outcome => ({
  key: `email:${name}`,
  result: 'refused',
  reason,
  permanent,
});
const done = (name: string): Outcome => ({ key: `email:${name}`, result: 'done' });

describe('a member refused for good, again and again', () => {
  test.each([
    { times: 1, days: 7 },
    { times: 2, days: 14 },
    { times: 3, days: 28 },
    { times: 4, days: 30 },
    { times: 9, days: 30 },
  ])('$times times is left alone for $days days', async ({ times, days }) => {
    const almost = openLedger();
    const over = openLedger();
    for (const [ledger, age] of [
      [almost, days - 0.01],
      [over, days + 0.01],
    ] as const) {
      for (let time = times - 1; time >= 0; time -= 1)
        await ledger.append(age + time * 40, [refused('a', true)]);
    }

    expect(await almost.parked()).toBe(1);
    expect(await over.parked()).toBe(0);
  });

  test('begins anew with seven days after it was taken once', async () => {
    const ledger = openLedger();
    await ledger.append(90, [refused('a', true)]);
    await ledger.append(60, [refused('a', true)]);
    await ledger.append(40, [done('a')]);
    await ledger.append(8, [refused('a', true)]);

    expect(await ledger.parked()).toBe(0);
  });
});

describe('who is refused', () => {
  test('is told by audience, change and reason, with the next try of each', async () => {
    const ledger = openLedger();
    await ledger.remember();
    await ledger.append(3, [
      refused('a', true, 'no such address'),
      refused('b', true, 'no such address'),
      refused('c', false, 'busy'),
      done('d'),
    ]);
    await ledger.appendProperties(2, [refused('d', true, 'not a profile'), done('e')]);

    const audience = ledger.name;
    expect(await ledger.refused()).toEqual([
      { audience, change: 'add', reason: 'no such address', members: 2, in_days: 4 },
      { audience, change: 'add', reason: 'busy', members: 1, in_days: null },
      { audience: null, change: 'properties', reason: 'not a profile', members: 1, in_days: 5 },
    ]);
  });

  test('is nobody who was taken since, or was not offered again when it was their turn', async () => {
    const ledger = openLedger();
    await ledger.remember();
    await ledger.append(20, [refused('taken', true), refused('gone', true), refused('gone for now', false)]);
    await ledger.append(10, [done('taken'), done('other')]);

    expect(await ledger.refused()).toEqual([]);
  });

  test('at an audience that the job has no more is left out', async () => {
    const ledger = openLedger();
    await ledger.append(1, [refused('a', true)]);

    expect(await ledger.refused()).toEqual([]);
  });
});
