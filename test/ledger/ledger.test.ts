import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../connectors/index.ts';
import {
  appendAcknowledged,
  countHeld,
  rememberAudience,
  rememberedAudiences,
} from '../../src/ledger/ledger.ts';
import { PARKED_DAYS } from '../../src/ledger/refusals.ts';
import { cannotTellTokens } from '../engine/places.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();
let accounts = 0;

/** A ledger of its own with the audience `remote-1`. */
function openLedger() {
  const account = { job: 'shop', destination: 'platform', account: `account-${++accounts}` };
  let clock = Date.now();
  let batches = 0;
  return {
    account,
    /** Appends one batch; `ago` says how many milliseconds before now. */
    append(
      outcomes: { added?: Outcome[]; removed?: Outcome[] },
      { remote_id = 'remote-1', batch = `0:${++batches}`, ago = 0, run_id = account.account } = {},
    ) {
      const at = { run_id, batch, clock: ++clock - ago };
      const acknowledged = { added: [], removed: [], requests: 1, ...outcomes };
      return appendAcknowledged(stage.engine, { ...account, remote_id }, at, acknowledged);
    },
    held: async () => Object.fromEntries(await countHeld(stage.engine, account)),
    rows: () =>
      stage.engine.query<{ member: string }>(
        'SELECT member, op, result, reason, permanent FROM ledger WHERE account = {account:String} ORDER BY seq, member',
        account,
      ),
  };
}

const done = (...names: string[]) => names.map((name): Outcome => ({ key: `email:${name}`, result: 'done' }));
const refused = (name: string, permanent: boolean): Outcome => ({
  key: `email:${name}`,
  result: 'refused',
  reason: 'invalid address',
  permanent,
});

describe('what the ledger says an audience holds', () => {
  test('is who was added last rather than removed', async () => {
    const ledger = openLedger();
    await ledger.append({ added: done('a', 'b', 'c') });
    await ledger.append({ removed: done('a', 'b') });
    await ledger.append({ added: done('a') });

    expect(await ledger.held()).toEqual({ 'remote-1': { held: 2, parked: 0 } });
  });

  test('is kept apart by audience and by account', async () => {
    const [ledger, other] = [openLedger(), openLedger()];
    await ledger.append({ added: done('a', 'b') });
    await ledger.append({ added: done('a') }, { remote_id: 'remote-2' });

    expect(await ledger.held()).toEqual({
      'remote-1': { held: 2, parked: 0 },
      'remote-2': { held: 1, parked: 0 },
    });
    expect(await other.held()).toEqual({});
  });

  test('does not change with a refusal: who was in stays in, who was out stays out', async () => {
    const ledger = openLedger();
    await ledger.append({ added: [...done('a'), refused('b', false)] });
    await ledger.append({ removed: [refused('a', false)] });

    expect(await ledger.held()).toEqual({ 'remote-1': { held: 1, parked: 0 } });
  });
});

test.skipIf(cannotTellTokens)('a batch that is written down twice is stored once', async () => {
  const ledger = openLedger();

  await ledger.append({ added: done('a', 'b') }, { batch: '0:1' });
  await ledger.append({ added: done('a', 'b') }, { batch: '0:1' });

  expect(await ledger.rows()).toHaveLength(2);
});

test('the same batch of another run or another audience is another batch', async () => {
  const ledger = openLedger();

  await ledger.append({ added: done('a') }, { batch: '0:1' });
  await ledger.append({ removed: done('a') }, { batch: '0:1', run_id: 'a later run' });
  await ledger.append({ added: done('b') }, { batch: '1:1', remote_id: 'remote-2' });

  expect(await ledger.rows()).toHaveLength(3);
});

test('members to be tried again leave no trace', async () => {
  const ledger = openLedger();
  const retry: Outcome = { key: 'email:b', result: 'retry', reason: 'later' };

  await ledger.append({ added: [...done('a'), retry], removed: [{ ...retry, key: 'email:c' }] });
  await ledger.append({ added: [retry] });

  expect(await ledger.rows()).toEqual([
    { member: 'email:a', op: 'add', result: 'done', reason: '', permanent: false },
  ]);
});

describe('a refusal', () => {
  const DAY = 86_400_000;

  test.each([
    { refusal: 'for good', permanent: true, ago: 0, parked: 1 },
    { refusal: 'for good, almost a week ago', permanent: true, ago: PARKED_DAYS * DAY - 60_000, parked: 1 },
    { refusal: 'for good, a week ago', permanent: true, ago: PARKED_DAYS * DAY + 1000, parked: 0 },
    { refusal: 'for now', permanent: false, ago: 0, parked: 0 },
  ])('$refusal parks $parked', async ({ permanent, ago, parked }) => {
    const ledger = openLedger();

    await ledger.append({ added: [refused('a', permanent)] }, { ago });

    expect(await ledger.held()).toEqual({ 'remote-1': { held: 0, parked } });
    expect(await ledger.rows()).toMatchObject([{ result: 'refused', reason: 'invalid address', permanent }]);
  });

  test('is over once the member was taken', async () => {
    const ledger = openLedger();
    await ledger.append({ added: [refused('a', true)] });
    await ledger.append({ added: done('a') });

    expect(await ledger.held()).toEqual({ 'remote-1': { held: 1, parked: 0 } });
  });

  test('to let a member go is parked too, and the member is still held', async () => {
    const ledger = openLedger();
    await ledger.append({ added: done('a') });
    await ledger.append({ removed: [refused('a', true)] });

    expect(await ledger.held()).toEqual({ 'remote-1': { held: 1, parked: 1 } });
  });
});

describe('an audience is remembered', () => {
  const idsOf = async (account: Parameters<typeof rememberedAudiences>[1]) =>
    Object.fromEntries(
      [...(await rememberedAudiences(stage.engine, account))].map(([name, { remote_id }]) => [
        name,
        remote_id,
      ]),
    );

  test('under the id it was last seen with', async () => {
    const { account } = openLedger();
    await rememberAudience(stage.engine, account, { name: 'Top', remote_id: 'remote-1' });
    await rememberAudience(stage.engine, account, { name: 'Lost', remote_id: 'remote-2' });
    await rememberAudience(stage.engine, account, { name: 'Top', remote_id: 'remote-3' });

    expect(await idsOf(account)).toEqual({ Top: 'remote-3', Lost: 'remote-2' });
  });

  test('under its newest name, which sets the former one free', async () => {
    const { account } = openLedger();
    for (const [name, remote_id] of [
      ['Top', 'remote-1'],
      ['Best', 'remote-1'],
      ['Top', 'remote-2'],
    ] as const) {
      await rememberAudience(stage.engine, account, { name, remote_id });
    }

    expect(await idsOf(account)).toEqual({ Best: 'remote-1', Top: 'remote-2' });
  });

  test('with what it is of, as that was last noted', async () => {
    const { account } = openLedger();
    const top = { name: 'Top', remote_id: 'remote-1', segment: 'lifecycle.top', settings: '{}' };
    await rememberAudience(stage.engine, account, { name: 'Top', remote_id: 'remote-1' });
    const before = await rememberedAudiences(stage.engine, account);
    await rememberAudience(stage.engine, account, top);

    expect(before.get('Top')).toEqual({ ...top, segment: null, settings: null });
    expect((await rememberedAudiences(stage.engine, account)).get('Top')).toEqual(top);
  });
});
