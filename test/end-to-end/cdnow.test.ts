import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { segmentsOf } from '../../src/job/segments.ts';
import { exported, jobText, openShop, REFERENCE, type Shop } from './shop.ts';

const EXPORT = join(REFERENCE, 'shopify-export', 'orders_export.csv');
const AS_OF = ['--as-of', '1998-06-30'];
const SEGMENTS = segmentsOf({ lifecycle: {}, value_engagement: {} });

async function cdnow(): Promise<Shop> {
  const shop = await openShop();
  await copyFile(EXPORT, join(shop.folder, 'orders.csv'));
  await shop.write('job.yaml', jobText('orders.csv'));
  return shop;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares what each platform holds with the segments as the command export writes them. */
async function expectMembershipEqual(shop: Shop): Promise<void> {
  const state = shop.state();
  const segments = await exported(shop, 'job.yaml');
  for (const { name, model, label } of SEGMENTS) {
    const people = segments.get(name)!;
    if (model === 'value_engagement') {
      expect(state.mailchimp.tags[`VE: ${label}`]?.toSorted() ?? [], name).toEqual(people);
      continue;
    }
    expect(state.klaviyo.lists[`Lifecycle: ${label}`]?.toSorted() ?? [], name).toEqual(people);
    expect(state.facebook.audiences[label]?.members.toSorted() ?? [], name).toEqual(
      people.map(sha256).toSorted(),
    );
  }
}

test.skipIf(!existsSync(EXPORT))(
  'the CDNOW export: every customer in one segment of each model, a second run writes nothing, new orders move only the movers',
  { timeout: 400_000 },
  async () => {
    const shop = await cdnow();

    const first = await shop.json('run', 'job.yaml', ...AS_OF);

    expect(first).toMatchObject({ status: 'done', customers: 2357, error: null });
    expect(first.pulled).toMatchObject({ orders: 6919, rejected: 0, customers: 2357 });
    for (const model of ['lifecycle', 'value_engagement']) {
      const sizes = first.segments
        .filter(({ segment }) => segment.startsWith(model))
        .map(({ customers }) => customers);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2357);
    }
    const lifecycle = [...(await exported(shop, 'job.yaml'))].filter(([name]) =>
      name.startsWith('lifecycle'),
    );
    const addresses = lifecycle.flatMap(([, people]) => people);
    expect(addresses).toHaveLength(2357);
    expect(new Set(addresses).size).toBe(2357);
    await expectMembershipEqual(shop);
    const floor = first.audiences.reduce((sum, audience) => sum + audience.requests, 0);
    expect(shop.writes()).toBe(floor);

    const second = await shop.json('run', 'job.yaml', ...AS_OF);

    expect(shop.writes()).toBe(floor);
    for (const audience of second.audiences)
      expect(audience).toMatchObject({ added: 0, removed: 0, requests: 0 });

    const before = await segmentsByAddress(shop);
    await appendOrders(shop);
    const third = await shop.json('run', 'job.yaml', ...AS_OF);
    const after = await segmentsByAddress(shop);

    expect(third.status).toBe('done');
    expect(third.customers).toBe(2358);
    for (const { destination, segment, added, removed } of third.audiences) {
      const model = segment.split('.')[0]!;
      const was = (address: string) => before.get(address)?.[model];
      const joiners = [...after].filter(
        ([address, now]) => now[model] === segment && was(address) !== segment,
      );
      const leavers = [...before].filter(
        ([address, then]) => then[model] === segment && after.get(address)?.[model] !== segment,
      );
      expect({ destination, segment, added, removed }).toEqual({
        destination,
        segment,
        added: joiners.length,
        removed: leavers.length,
      });
    }
    expect(third.audiences.some(({ removed }) => removed > 0)).toBe(true);
    await expectMembershipEqual(shop);
  },
);

/** Somebody long gone comes back with a large order, and somebody new buys for the first time. */
async function appendOrders(shop: Shop): Promise<void> {
  const [header, sample] = (await readFile(EXPORT, 'utf8')).split('\n');
  const columns = header!.split(',');
  const row = (name: string, email: string, amount: string) => {
    const cells = sample!.split(',');
    const set = (column: string, value: string) => (cells[columns.indexOf(column)] = value);
    set('Name', name);
    set('Email', email);
    for (const column of ['Subtotal', 'Total', 'Lineitem price']) set(column, amount);
    set('Created at', '1998-06-29 12:00:00 -0400');
    return cells.join(',');
  };
  const rows = [
    row('#90001', 'customer0002@example.com', '400.00'),
    row('#90002', 'newcomer@example.com', '25.00'),
  ];
  await appendFile(join(shop.folder, 'orders.csv'), `${rows.join('\n')}\n`);
}

/** Each address with its segment of either model. */
async function segmentsByAddress(shop: Shop): Promise<Map<string, Record<string, string>>> {
  const people = new Map<string, Record<string, string>>();
  for (const [segment, addresses] of await exported(shop, 'job.yaml')) {
    const model = segment.split('.')[0]!;
    for (const address of addresses) people.set(address, { ...people.get(address), [model]: segment });
  }
  return people;
}
