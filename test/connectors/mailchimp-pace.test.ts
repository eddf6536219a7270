import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../connectors/destination.ts';
import { CONNECTIONS } from '../../connectors/mailchimp/api.ts';
import { change, done, openPaced, people, pushed } from './mailchimp-open.ts';

const never = new AbortController().signal;
const SECOND = 1_000;

type Shop = Awaited<ReturnType<typeof openPaced>>;

function mostAtOnce({ sandbox }: Shop): number {
  return Math.max(...sandbox.exchanges.map(({ request }) => request.open ?? 0));
}

function refused({ sandbox }: Shop): number {
  return sandbox.exchanges.filter(({ reply }) => reply.status === 429).length;
}

async function lost({ destination }: Shop) {
  return { name: 'Lost', remote_id: (await destination.create('Lost')).remote_id };
}

describe('the ten connections', () => {
  test('10,000 adds and 1,000 removes are 20 requests in two rounds', async () => {
    await using shop = await openPaced();
    const audience = await lost(shop);
    const [add, remove] = [people(10_000), people(1_000, 'leaver')];
    await pushed(shop.destination, { ...change(audience, { add: remove }), stop: never });
    const start = shop.clock.now();

    const result = await pushed(shop.destination, { ...change(audience, { add, remove }), stop: never });

    expect(result.requests).toBe(20);
    expect(shop.clock.now() - start).toBe(Math.ceil(20 / CONNECTIONS) * SECOND);
    expect(mostAtOnce(shop)).toBe(CONNECTIONS);
    expect(result.added.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(
      done(add).toSorted((a, b) => a.key.localeCompare(b.key)),
    );
    expect(result.removed).toHaveLength(1_000);
  });

  test('are all at work to the end of a long push, two audiences or one', async () => {
    await using shop = await openPaced();
    const one = await lost(shop);
    const two = { name: 'Two', remote_id: (await shop.destination.create('Two')).remote_id };
    const start = shop.clock.now();

    await Promise.all([
      pushed(shop.destination, { ...change(one, { add: people(30_000) }), stop: never }),
      pushed(shop.destination, { ...change(two, { add: people(30_000) }), stop: never }),
    ]);

    const floor = Math.ceil(120 / CONNECTIONS) * SECOND;
    expect(floor / (shop.clock.now() - start)).toBeGreaterThan(0.95);
    expect(mostAtOnce(shop)).toBe(CONNECTIONS);
    expect(refused(shop)).toBe(0);
  });

  test('without leave for several, batches go one by one', async () => {
    await using shop = await openPaced();
    const audience = await lost(shop);

    await pushed(shop.destination, change(audience, { add: people(2_500) }));

    expect(mostAtOnce(shop)).toBe(1);
  });
});

test('when others need connections fewer are used, and nobody is lost', async () => {
  await using shop = await openPaced({ others: () => 5 });
  const audience = await lost(shop);
  const start = shop.clock.now();

  const result = await pushed(shop.destination, {
    ...change(audience, { add: people(50_000) }),
    stop: never,
  });

  expect(result.added.filter(({ result: end }) => end === 'done')).toHaveLength(50_000);
  // Five of ten are refused at once; then one more is tried from time to time.
  expect(refused(shop)).toBeLessThan(10);
  expect(((100 / 5) * SECOND) / (shop.clock.now() - start)).toBeGreaterThan(0.95);
});

test('one other program costs one connection and no more', async () => {
  await using shop = await openPaced({ others: () => 1 });
  const audience = await lost(shop);
  const start = shop.clock.now();

  const result = await pushed(shop.destination, {
    ...change(audience, { add: people(90_000) }),
    stop: never,
  });

  expect(result.requests).toBe(180 + refused(shop));
  expect(((180 / 9) * SECOND) / (shop.clock.now() - start)).toBeGreaterThan(0.9);
  expect(refused(shop)).toBeLessThan(4);
});

test('a wait Mailchimp asks for is kept to, by all', async () => {
  await using shop = await openPaced();
  const audience = await lost(shop);
  const body = { title: 'Too Many Requests', status: 429, detail: 'Wait.' };
  const headers = { 'retry-after': '30' };
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', status: 429, headers, body });
  const start = shop.clock.now();

  const result = await pushed(shop.destination, {
    ...change(audience, { add: people(20_000) }),
    stop: never,
  });

  expect(result.requests).toBe(41);
  expect(shop.clock.now() - start).toBeGreaterThanOrEqual(31 * SECOND);
  expect(shop.clock.now() - start).toBeLessThan(40 * SECOND);
});

test('after a wish to stop what is under way is acknowledged, and no other is begun', async () => {
  await using shop = await openPaced();
  const audience = await lost(shop);
  const stop = new AbortController();
  const added: Outcome[] = [];

  const sent = { ...change(audience, { add: people(20_000) }), stop: stop.signal };
  for await (const acknowledgement of shop.destination.push(sent)) {
    stop.abort();
    added.push(...acknowledgement.added);
  }

  const { tags } = shop.sandbox.state().mailchimp as { tags: Record<string, string[]> };
  // One more was begun as soon as the first had ended, before the wish.
  expect(added).toHaveLength((CONNECTIONS + 1) * 500);
  expect(tags.Lost).toHaveLength((CONNECTIONS + 1) * 500);
});
