import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { RetentionSettings, type Retention } from '../../src/job/retention-settings.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { heldRun } from '../../src/run/held.ts';
import { overviewOf } from '../../src/run/overview.ts';
import { closeInterrupted, lastRun, newRunId } from '../../src/run/state.ts';
import { tidyRuns } from '../../src/run/tidy-runs.ts';
import { tidy } from '../../src/run/tidy.ts';
import { keys, openActiveShop } from './active-shop.ts';
import { aBuyer, aLine, anOrder, aRefund, aVisit, openStage } from './stage.ts';

const stage = openStage();
const DAY_MS = 86_400_000;
const DEFAULTS = RetentionSettings.parse({});
const signal = new AbortController().signal;
const tidied = (retention: Retention, now: number) =>
  tidy(stage.engine, retention, { state: stage.state, now, signal, log: () => {} });

describe('what is left of the runs of three years', () => {
  const NOW = Date.parse('2026-11-20T12:00:00Z');
  const SETTINGS: Retention = {
    ...DEFAULTS,
    runs: 100,
    assignments: { daily: 30, weekly: 120, monthly: 400 },
  };
  let jobs = 0;

  /** Two runs a day, of which the second is a plan. */
  async function openHistory() {
    const job = `history-${++jobs}`;
    const runs: object[] = [];
    const assignments: object[] = [];
    for (let age = 1000; age >= 0; age -= 1) {
      for (const send of [true, false]) {
        const began = new Date(NOW - age * DAY_MS - (send ? 3_600_000 : 0));
        const ids = { job, run_id: newRunId(began), as_of: began.toISOString().slice(0, 10) };
        const end = send ? 'finished' : 'planned';
        const audiences = send && age > 500 ? [{ remote_id: 'list', error: null }] : [];
        const details = { started: { send }, segmented: {}, [end]: { status: 'done', audiences } };
        for (const [event, detail] of Object.entries(details))
          runs.push({ ...ids, at: began.toISOString(), event, detail: JSON.stringify(detail) });
        assignments.push({ ...ids, customer: 'email:ana@example.com', segments: [] });
      }
    }
    await stage.engine.insert('runs', runs);
    await stage.engine.insert('assignments', assignments);
    return job;
  }

  const ages = (rows: { as_of: string }[]) =>
    rows.map(({ as_of }) => (Date.parse('2026-11-20') - Date.parse(as_of)) / DAY_MS);
  const ask = (job: string, sql: string) =>
    stage.engine.query<{ as_of: string; run_id: string }>(`${sql} ORDER BY run_id`, { job });
  const days = (job: string) =>
    ask(job, 'SELECT toString(as_of) AS as_of, run_id FROM assignments WHERE job = {job:String}');

  /** Worked out from the words of the settings: Sundays and the last days of months. */
  function keptAges(): number[] {
    const all = Array.from({ length: 1001 }, (_, index) => 1000 - index);
    return all.filter((age) => {
      const day = new Date(Date.parse('2026-11-20') - age * DAY_MS);
      const ofMonth = new Date(day.getTime() + DAY_MS).getUTCDate() === 1;
      if (age <= 30) return true;
      return age <= 400 && (ofMonth || (age <= 120 && day.getUTCDay() === 0));
    });
  }

  test('is one run of every day, then of every week, then of every month, and all of the last two days', async () => {
    const job = await openHistory();

    await tidyRuns(stage.engine, job, SETTINGS, NOW);

    const left = ages(await days(job));
    expect([...new Set(left)]).toEqual(keptAges());
    expect(left.filter((age) => age < 2)).toHaveLength(4);
    expect(left.filter((age) => age > 2).length).toBe(new Set(left).size - 3);
  });

  test('are the reports of so many days, and of those before that later runs look back at', async () => {
    const job = await openHistory();

    await tidyRuns(stage.engine, job, SETTINGS, NOW);

    const sql = `SELECT toString(as_of) AS as_of, run_id FROM runs WHERE job = {job:String} AND event = 'finished'`;
    const left = ages(await ask(job, sql));
    expect(left.filter((age) => age <= 500)).toEqual(Array.from({ length: 100 }, (_, index) => 99 - index));
    expect(left.filter((age) => age > 500)).toHaveLength(30);
  });

  test('is never a day without its customers, nor a run that looks cut short, wherever a tidying was killed', async () => {
    const job = await openHistory();
    let stops = 0;
    const halfWay = async (sql: string, params?: object) => {
      stops += 1;
      const half = sql.replace(
        /WHERE (.*) SETTINGS/s,
        `WHERE ($1) AND sipHash64(run_id, ${stops}) % 4 > 0 SETTINGS`,
      );
      await stage.engine.command(half, { ...params });
      const bare = await ask(
        job,
        `SELECT run_id FROM runs WHERE job = {job:String} AND event = 'segmented'
           AND run_id NOT IN (SELECT run_id FROM assignments WHERE job = {job:String})`,
      );
      expect(bare).toEqual([]);
      const before = await ask(job, 'SELECT run_id, event FROM runs WHERE job = {job:String}');
      await closeInterrupted(stage.engine, job);
      expect(await ask(job, 'SELECT run_id, event FROM runs WHERE job = {job:String}')).toEqual(before);
      throw new Error('killed');
    };
    const killed: Engine = { ...stage.engine, command: halfWay };
    const attempt = () => tidyRuns(killed, job, SETTINGS, NOW).then(() => 'ended', String);

    for (let ended = await attempt(); ended !== 'ended'; ended = await attempt())
      expect(ended).toBe('Error: killed');

    expect(stops).toBeGreaterThan(8);
    const left = [...new Set(ages(await days(job)))];
    expect(left).toEqual(expect.arrayContaining(keptAges()));
    // A few wait for more to go with them.
    expect(left.length).toBeLessThan(keptAges().length * 1.06);
  });

  test('is nothing that names a customer, once the job has not run for as long as reports are kept', async () => {
    const job = await openHistory();
    await stage.engine.insert('profiles', [{ job, run_id: 'some', customer: 'email:ana@example.com' }]);

    await tidyRuns(stage.engine, job, SETTINGS, NOW + 500 * DAY_MS);

    expect(await days(job)).toEqual([]);
    expect(await ask(job, 'SELECT run_id FROM profiles WHERE job = {job:String}')).toEqual([]);
    expect(await lastRun(stage.engine, job, 'finished')).toBeDefined();
  });
});

describe('a shop that has run for two years', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  const DAYS = [
    '2024-03-31',
    '2024-04-02',
    '2024-09-30',
    '2025-03-31',
    '2025-09-30',
    '2026-03-30',
    '2026-03-31',
  ];

  async function openOldShop() {
    const { shop, platform } = openActiveShop(stage);
    const buys = (name: string, day: string) =>
      aBuyer(name, { ordered_at: `${day}T08:00:00.000Z` }, { updated_at: `${day}T08:00:00.000Z` });
    const pages = [buys('ana', '2024-03-01')];
    platform.outcome = (key) => (key.includes('eva') ? 'refused for good' : 'done');
    for (const [index, day] of DAYS.entries()) {
      vi.setSystemTime(`${day}T20:00:00Z`);
      pages.push(buys(index % 2 ? 'ana' : 'bo', day), buys(`eva${index}`, day));
      shop.holds(pages);
      await shop.run(day);
    }
    return { shop, platform, pages, now: Date.now() };
  }

  test('plans, explains and compares as before once it is tidied', async () => {
    const { shop, now } = await openOldShop();
    const look = async () => {
      const plan = await shop.run('2026-03-31', { send: false });
      const last = await lastRun(stage.engine, shop.job.name, 'segmented');
      const ana = await explainCustomer(stage.engine, shop.job, last!, { email: 'ana@example.com' });
      const span = { as_of: '2026-03-31', since: '2025-09-30', months: 0, models: ['lifecycle'] };
      const { flows, customers } = await overviewOf(stage.engine, shop.job, {
        ...span,
        state: stage.state,
        signal,
        log: () => {},
      });
      const { audiences, segments, status } = plan;
      return {
        audiences,
        segments,
        status,
        flows,
        customers,
        held: ana.audiences.map(({ held, wanted }) => [held, wanted]),
        history: ana.history.map(({ as_of }) => as_of),
      };
    };
    const before = await look();
    expect(before.history[0]).toBe('2024-03-31');

    const lost = await tidied(
      { ...DEFAULTS, ledger: 100, runs: 100, assignments: { daily: 10, weekly: 60, monthly: 400 } },
      now,
    );

    expect(Object.keys(lost).toSorted()).toEqual(
      ['assignments', 'ledger', 'marks', 'runs'].filter((table) => table in lost),
    );
    expect(lost).toMatchObject({
      assignments: expect.any(Number),
      ledger: expect.any(Number),
      runs: expect.any(Number),
    });
    const { history, ...after } = await look();
    expect({ ...after, history: before.history }).toEqual(before);
    expect(history[0]).toBe('2025-03-31');
  });

  test('has a plan approved that was held before it was tidied', async () => {
    const { shop, platform, now } = await openOldShop();
    shop.change({ guard: { max_removed_share: 0.1, from_members: 1 } });
    const held = await shop.run('2027-03-31');
    expect(held.status).toBe('held');

    await tidied(
      { ...DEFAULTS, ledger: 100, runs: 10, assignments: { daily: 1, weekly: 2, monthly: 3 } },
      now + 9 * DAY_MS,
    );

    expect((await heldRun(stage.engine, shop.job.name))?.run_id).toBe(held.run_id);
    expect((await shop.approve()).status).toBe('done');
    expect(platform.members('Active')).toEqual([]);
  });

  test('forgets orders past their time, whoever is known by them alone, and what a source brings again', async () => {
    const { shop, platform, pages, now } = await openOldShop();
    const retention = { ...DEFAULTS, orders: 300, events: 20 };
    const old = anOrder({ email: 'old@example.com', ordered_at: '2025-01-01T08:00:00.000Z' });
    const visits = ['2026-03-01', '2026-03-30'].map((day) => aVisit({ at: `${day}T08:00:00.000Z` }));
    pages.push(aBuyer('old', old, { updated_at: '2025-01-01T08:00:00.000Z' }), {
      orders: [old],
      lines: [aLine(old)],
      refunds: [aRefund(old)],
      events: visits,
    });
    shop.holds(pages);

    const report = await shop.run('2026-03-31', { retention });
    await tidied(retention, now);

    const mine = `source IN ('${shop.job.sources[0]!.key}')`;
    const [left] = await stage.engine.query(
      `SELECT (SELECT toString(min(ordered_at)) FROM orders WHERE ${mine}) AS first_order,
         (SELECT toUInt32(count()) FROM order_lines WHERE ${mine}) AS lines,
         (SELECT toUInt32(count()) FROM refunds WHERE ${mine}) AS refunds,
         (SELECT toUInt32(count()) FROM events WHERE ${mine}) AS events,
         (SELECT groupArray(email) FROM (SELECT DISTINCT email FROM customers WHERE ${mine} ORDER BY email)) AS people`,
    );
    expect(left).toEqual({
      first_order: '2025-09-30 08:00:00.000',
      lines: 0,
      refunds: 0,
      events: 1,
      people: ['ana', 'bo', 'eva4', 'eva5', 'eva6'].map((name) => `${name}@example.com`),
    });
    expect(report.customers).toBe(5);
    expect(platform.members('Active')).toEqual(keys(['ana', 'bo']));
  });
});
