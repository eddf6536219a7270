import { describe, expect, test } from 'vitest';
import { erase } from '../../src/run/erase.ts';
import { stateDir } from '../engine/state-dir.ts';
import { openLivingPlatform } from './living-platform.ts';
import { aBuyer, aCustomer, aLine, anOrder, aRefund, aVisit, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
let shops = 0;

/**
 * Zoë bought twice under two addresses that share a customer id, Ben once; she has a phone, and shares another with
 * him. Each shop has a Zoë of its own, since all are of one store, which forgets no erasure.
 */
function openShop() {
  shops += 1;
  const address = `zoe.private${shops}@example.com`;
  const other_address = `zoe.again${shops}@example.com`;
  const phone = `+4070000001${shops}`;
  const platform = openLivingPlatform();
  const shop = stage.shop({
    connectors: { platform: platform.definition },
    segments: { lifecycle: { model: 'recency' } },
    destinations: [
      { type: 'platform', name: 'one', audiences: [{ segment: '*' }] },
      {
        type: 'platform',
        name: 'two',
        account: 'other',
        audiences: [{ segment: '*', audience: 'too: {label}' }],
      },
    ],
  });
  const first = anOrder({ email: address, customer_id: '7', phone });
  const second = anOrder({ email: other_address, customer_id: '7', phone: '+40700000002' });
  const ben = aBuyer('ben', { phone: '+40700000002' });
  shop.holds({
    ...ben,
    orders: [first, second, ...ben.orders!],
    lines: [aLine(first), aLine(ben.orders![0]!)],
    refunds: [aRefund(first, { amount: '1.00' })],
    customers: [
      aCustomer({ email: address, customer_id: '7', first_name: `Zoë${shops}` }),
      ...ben.customers!,
    ],
    events: [aVisit({ email: other_address }), aVisit({ email: 'ben@example.com' })],
  });
  return { platform, shop, texts: [address, other_address, phone, `Zoë${shops}`] as const };
}

async function eraseFrom(shop: Shop, address: string) {
  await using state = stateDir();
  const options = { state: state.path, signal: new AbortController().signal, log: () => {} };
  return await erase(stage.engine, [shop.job], address, options);
}

/** In which tables of the store a text still stands, looked for in every column. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await stage.engine.query<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await stage.engine.query<{ rows: number }>(
      `SELECT toUInt32(count()) AS rows FROM ${name} WHERE position(toJSONString(tuple(*)), {text:String}) > 0`,
      { text },
    );
    if (row!.rows > 0) found.push(name);
  }
  return found;
}

const everywhere = (platform: ReturnType<typeof openLivingPlatform>) =>
  [...new Set([...platform.audiences.keys()].flatMap((name) => platform.members(name)))].toSorted();

describe('erasing a person', () => {
  test('takes them out of every destination and of every table, under all their names, and nobody else', async () => {
    const { platform, shop, texts } = openShop();
    await shop.run(AS_OF);
    expect(everywhere(platform)).toHaveLength(2);
    expect(await tablesWith(texts[0])).toContain('ledger');

    const receipt = await eraseFrom(shop, texts[0]);

    // Two addresses, a customer id, and the one number that nobody else uses.
    expect(receipt).toMatchObject({ identities: 4, complete: true });
    expect(receipt.deleted).toMatchObject({ orders: 2, order_lines: 1, refunds: 1, customers: 1, events: 1 });
    expect(receipt.destinations.map(({ destination, error }) => [destination, error])).toEqual([
      ['one', null],
      ['two', null],
    ]);
    expect(everywhere(platform)).toEqual(['email:ben@example.com']);
    for (const text of texts) expect(await tablesWith(text)).toEqual([]);
    expect(await tablesWith('ben@example.com')).toContain('orders');
    expect(JSON.stringify(receipt)).not.toContain('zoe');
  });

  test('reaches the same customer id of sources that share theirs', async () => {
    const shop = stage.shop({ sources: ['web', 'till'], identity: { same_ids: [['web', 'till']] } });
    const theirs = { customer_id: 'shared-77' };
    shop.holds({ orders: [anOrder({ ...theirs, email: 'zoe.shared@example.com' }), anOrder()] }, 'web');
    shop.holds({ orders: [anOrder({ ...theirs, email: undefined })] }, 'till');
    await shop.run(AS_OF);

    const receipt = await eraseFrom(shop, 'zoe.shared@example.com');

    expect(receipt.deleted).toMatchObject({ orders: 2 });
    expect(await tablesWith('shared-77')).toEqual([]);
  });

  test('takes what is kept of them for a comparison with those held out', async () => {
    const { shop, texts } = openShop();
    shop.change({
      destinations: [{ type: 'platform', audiences: [{ segment: 'lifecycle.*', holdout: 0.5 }] }],
    });
    await shop.run(AS_OF);
    const entries = async () => {
      const [row] = await stage.engine.query<{ rows: number }>(
        'SELECT toUInt32(count()) AS rows FROM holdout_entries WHERE job = {job:String}',
        { job: shop.job.name },
      );
      return row!.rows;
    };
    expect(await entries()).toBe(2);

    await eraseFrom(shop, texts[0]);

    expect(await entries()).toBe(1);
    expect(await tablesWith(texts[0])).toEqual([]);
  });

  test('forgets what was read from platforms about them too', async () => {
    const { shop, texts } = openShop();
    await shop.run(AS_OF);
    await shop.run(AS_OF, { reconcile: true });
    expect(await tablesWith(texts[0])).toContain('remote_members');

    await eraseFrom(shop, texts[0]);

    for (const text of texts) expect(await tablesWith(text)).toEqual([]);
  });

  test('lasts: a source that still has them does not bring them back', async () => {
    const { platform, shop, texts } = openShop();
    await shop.run(AS_OF);
    await eraseFrom(shop, ` ${texts[1].toUpperCase()}`);

    const report = await shop.run(AS_OF);

    expect(report).toMatchObject({ status: 'done', customers: 1 });
    expect(report.warnings).toContain('4 records of people who were erased were left out');
    expect(everywhere(platform)).toEqual(['email:ben@example.com']);
    expect(await tablesWith(texts[0])).toEqual([]);
  });

  test('goes on where a destination could not be reached before; until then the store knows whom to look for', async () => {
    const { platform, shop, texts } = openShop();
    await shop.run(AS_OF);
    platform.breaks = { after: 0, batch: 'taken' };
    const cut = await eraseFrom(shop, texts[0]);
    platform.breaks = undefined;

    const ended = await eraseFrom(shop, texts[0]);

    expect(cut).toMatchObject({ complete: false, deleted: {} });
    expect(cut.destinations[0]?.error).toMatchObject({ code: 'DESTINATION_DOWN' });
    expect(ended).toMatchObject({ complete: true });
    expect(everywhere(platform)).toEqual(['email:ben@example.com']);
    expect(await tablesWith(texts[0])).toEqual([]);
  });

  test('of somebody unknown, twice, or of no address', async () => {
    const { shop, texts } = openShop();
    await shop.run(AS_OF);

    expect(await eraseFrom(shop, 'nobody@example.com')).toMatchObject({ complete: true, deleted: {} });
    await eraseFrom(shop, texts[0]);
    expect(await eraseFrom(shop, texts[0])).toMatchObject({ complete: true, deleted: {} });
    await expect(eraseFrom(shop, 'zoe')).rejects.toMatchObject({ problem: { code: 'ARGUMENT_WRONG' } });
  });
});
