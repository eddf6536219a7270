import { expect, onTestFinished, test } from 'vitest';
import { openPace, type Clock } from '../../connectors/facebook/pace.ts';
import { usageOf } from '../../connectors/facebook/usage.ts';
import { onWait, type Wait } from '../../connectors/waits.ts';
import { business, MINUTE, openClock } from './facebook-clock.ts';
import { all, change, openDestination, openStand, people, person } from './facebook-stand.ts';

const throttled = (code: number, minutes?: number) => ({
  platform: 'facebook' as const,
  status: 400,
  headers: minutes === undefined ? {} : business({ estimated_time_to_regain_access: minutes }),
  body: { error: { message: `(#${code}) Too many calls`, code } },
});

test('the stated time is waited for, and then the call is made once more', async () => {
  const { clock, waits } = openClock();
  await using stand = await openStand({}, {}, { clock });
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(throttled(80003, 2));

  const result = await all(stand.destination.push(change(remote_id, { add: [person(1)] })));

  expect(result).toMatchObject({ requests: 2, added: [{ result: 'done' }] });
  expect(waits).toEqual([2 * MINUTE]);
});

test('whoever listens hears of a wait', async () => {
  const heard: Wait[] = [];
  onTestFinished(onWait((wait) => heard.push(wait)));
  const { clock } = openClock();
  await using stand = await openStand({}, {}, { clock });
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(throttled(80003, 2));

  await all(stand.destination.push(change(remote_id, { add: [person(1)] })));

  expect(heard).toEqual([{ platform: 'facebook', ms: 2 * MINUTE }]);
});

test.each([4, 17, 32, 613, 80000, 80003, 80004, 80014])(
  'code %i without a stated time is left to the next run, and not met twice',
  async (code) => {
    const { clock, waits, pass } = openClock();
    await using stand = await openStand({}, {}, { clock });
    const { remote_id } = await stand.destination.create('Top');
    const push = () => all(stand.destination.push(change(remote_id, { add: [person(1)] })));
    const asked = () => stand.sandbox.requests().facebook?.[`POST /${remote_id}/users`] ?? 0;
    stand.sandbox.fault({ ...throttled(code), times: 100 });

    await expect(push()).rejects.toMatchObject({
      retry: 'next_run',
      problem: { code: 'DESTINATION_THROTTLED', why: expect.stringContaining(`code ${code}`) },
    });
    expect(asked()).toBe(1);

    // Within the block nothing is asked at all, by any run of this process.
    await expect(push()).rejects.toMatchObject({
      retry: 'next_run',
      problem: { code: 'DESTINATION_THROTTLED', why: 'It wants to be left alone for another 6 minutes.' },
    });
    await expect(stand.reopen().check()).rejects.toMatchObject({
      problem: { code: 'DESTINATION_THROTTLED' },
    });
    expect(asked()).toBe(1);

    // Refused again, it is left alone for longer.
    pass(6 * MINUTE);
    await expect(push()).rejects.toMatchObject({ problem: { code: 'DESTINATION_THROTTLED' } });
    pass(7 * MINUTE);
    await expect(push()).rejects.toMatchObject({ problem: { code: 'DESTINATION_THROTTLED' } });
    expect(asked()).toBe(2);
    expect(waits).toEqual([]);
  },
);

test('refused again after the stated time, nothing more is asked in this run', async () => {
  const { clock, waits } = openClock();
  await using stand = await openStand({}, {}, { clock });
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({ ...throttled(80003, 1), times: 100 });

  await expect(all(stand.destination.push(change(remote_id, { add: [person(1)] })))).rejects.toMatchObject({
    retry: 'next_run',
    problem: { code: 'DESTINATION_THROTTLED' },
  });

  expect(waits).toEqual([MINUTE]);
  expect(stand.sandbox.requests().facebook?.[`POST /${remote_id}/users`]).toBe(2);
});

test('the quota of the imitation is met once: the rest waits for the hour to move on', async () => {
  const { clock, now, pass, waits } = openClock();
  await using stand = await openStand({}, { now }, { clock });
  const { remote_id } = await stand.destination.create('Top');
  const query = new URLSearchParams({ access_token: 'sandbox', fields: 'name' });
  const request = { method: 'GET', path: '/act_1', query, headers: {}, body: undefined };
  for (let i = 0; i < 5_060; i += 1) stand.platform.handle(request);
  pass(59 * MINUTE + 30_000);

  const result = await all(stand.destination.push(change(remote_id, { add: [person(1)] })));

  expect(result).toMatchObject({ requests: 2, added: [{ result: 'done' }] });
  expect(waits).toEqual([MINUTE]);
});

test('an app without calls left stops every ad account of its token, an ad account only itself', async () => {
  const { clock } = openClock();
  await using stand = await openStand({}, {}, { clock });
  const settings = { access_token: 'sandbox', base_url: stand.sandbox.url };
  const neighbour = openDestination({ ...settings, ad_account_id: '4' }, { clock });
  const find = (destination: typeof neighbour) => destination.find([{ name: 'Top' }]);

  stand.sandbox.fault(throttled(17));
  await expect(find(stand.destination)).rejects.toMatchObject({ problem: { code: 'DESTINATION_THROTTLED' } });
  await expect(find(neighbour)).resolves.toEqual(new Map());

  stand.sandbox.fault(throttled(4));
  await expect(find(neighbour)).rejects.toMatchObject({ problem: { code: 'DESTINATION_THROTTLED' } });
  const third = openDestination({ ...settings, ad_account_id: '3' }, { clock });
  await expect(find(third)).rejects.toMatchObject({ problem: { code: 'DESTINATION_THROTTLED' } });
  const otherApp = openDestination(
    { ...settings, access_token: 'sandbox-expiring', ad_account_id: '3' },
    { clock },
  );
  await expect(find(otherApp)).resolves.toEqual(new Map());
});

test('a run that is asked to stop does not wait on', async () => {
  const stop = new AbortController();
  const { clock } = openClock();
  const patient: Clock = {
    now: clock.now,
    wait: (_ms, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        stop.abort();
      }),
  };
  await using stand = await openStand({}, {}, { clock: patient, signal: stop.signal });
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(throttled(80003, 1));

  const pushed = all(stand.destination.push(change(remote_id, { add: [person(1)] })));

  await expect(pushed).rejects.toMatchObject({ name: 'AbortError' });
  expect(stand.writes()).toEqual([]);
});

test('after a refusal one call goes first, and the others wait for its answer', async () => {
  const { clock, pass } = openClock();
  const pace = openPace({ account: 'one', app: 'one app' }, new AbortController().signal, clock);
  const idle = usageOf({});
  (await pace.turn())();
  pace.heard(idle, 'account');
  pass(6 * MINUTE);

  const first = await pace.turn();
  let through = false;
  const second = pace.turn().then((ended) => {
    through = true;
    ended();
  });
  await Promise.resolve();
  expect(through).toBe(false);
  pace.heard(idle, 'account');
  first();

  // The first was refused, so the second is not even tried.
  await expect(second).rejects.toThrow();
  pass(12 * MINUTE);
  const third = await pace.turn();
  pace.heard(idle);
  third();
  await Promise.all([pace.turn(), pace.turn()]);
});

test('usage is read from every header that holds it', () => {
  const headers = {
    'x-business-use-case-usage': JSON.stringify({
      7: [{ type: 'ads_management', call_count: 3, total_cputime: 41, total_time: 5 }],
      8: [{ type: 'custom_audience', call_count: 10, estimated_time_to_regain_access: 19 }],
    }),
    'x-app-usage': JSON.stringify({ call_count: 28, total_time: 25, total_cputime: 26 }),
    'x-ad-account-usage': JSON.stringify({ acc_id_util_pct: 9.67 }),
  };

  expect(usageOf(headers)).toEqual({
    account: { used: 41, regain_ms: 19 * MINUTE },
    app: { used: 28, regain_ms: 0 },
  });
  for (const name of ['call_count', 'total_cputime', 'total_time'])
    expect(usageOf(business({ [name]: 77 })).account.used, name).toBe(77);
  expect(usageOf({ 'x-ad-account-usage': '{"acc_id_util_pct": 88}' }).account.used).toBe(88);
  expect(usageOf({ 'x-business-use-case-usage': '[1]' })).toEqual({
    account: { used: 0, regain_ms: 0 },
    app: { used: 0, regain_ms: 0 },
  });
});

test('usage stands in successes too: a full budget is not run into', async () => {
  const { clock, waits } = openClock();
  await using stand = await openStand({}, {}, { clock });
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({
    platform: 'facebook',
    path: '/users$',
    status: 200,
    headers: business({ call_count: 100, estimated_time_to_regain_access: 1 }),
    body: { audience_id: remote_id, session_id: '1', num_received: 10_000, num_invalid_entries: 0 },
  });

  await all(stand.destination.push(change(remote_id, { add: people(0, 10_001) })));

  expect(waits).toEqual([MINUTE]);
});

test('a version that Meta is about to drop is told of once', async () => {
  await using stand = await openStand();
  const warning = 'v26.0 will be deprecated';
  const body = { id: 'act_1', account_id: '1', name: 'Shop', tos_accepted: { custom_audience_tos: 1 } };
  stand.sandbox.fault({
    platform: 'facebook',
    path: '^/act_1$',
    times: 2,
    status: 200,
    headers: { 'x-ad-api-version-warning': warning },
    body,
  });

  await stand.destination.check();
  await stand.destination.check();

  expect(stand.logs).toEqual([
    { message: 'Meta will stop serving this version', fields: { version: 'v26.0', warning } },
  ]);
});
