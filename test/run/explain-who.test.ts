import { expect, test } from 'vitest';
import { lastRun } from '../../src/run/state.ts';
import { facts } from '../../src/models/facts.ts';
import { openActiveShop } from './active-shop.ts';
import { explained } from './explained.ts';
import { aBuyer, aCustomer, anOrder, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

test('who has no order that counts is explained as no customer, who is unknown is an error without their address', async () => {
  const { shop } = openActiveShop(stage);
  shop.holds([
    aBuyer('ana'),
    { orders: [anOrder({ email: 'void@example.com', counts: false, state: 'voided' })] },
    { customers: [aCustomer({ email: 'reader@example.com' })] },
  ]);
  await shop.run(AS_OF);

  const voided = await explained(stage.engine, shop, 'void@example.com');
  expect(voided).toMatchObject({ is_customer: false, numbers: [], segments: [], history: [] });
  expect(voided.orders).toMatchObject([{ counts: false, state: 'voided' }]);
  expect(await explained(stage.engine, shop, 'reader@example.com')).toMatchObject({
    is_customer: false,
    orders: [],
  });
  const stranger = explained(stage.engine, shop, 'stranger@example.com');
  await expect(stranger).rejects.toMatchObject({ problem: { code: 'ARGUMENT_WRONG' } });
  await expect(stranger).rejects.not.toThrow(/stranger@/);
  await expect(explained(stage.engine, shop, 'no address')).rejects.toThrow(/no e-mail address/);
  await expect(explained(stage.engine, shop, { customer_id: '404' })).rejects.toThrow(/customer id/);
});

test('one customer id in two sources is one person if they share an address, else an error', async () => {
  const { shop } = openActiveShop(stage, { sources: ['one-shelf', 'other-shelf'] });
  const order = (customer_id: string, email: string) => ({ orders: [anOrder({ customer_id, email })] });
  shop.holds([order('1', 'ana@example.com'), order('2', 'bo@example.com')], 'one-shelf');
  shop.holds([order('1', 'ana@example.com'), order('2', 'di@example.com')], 'other-shelf');
  await shop.run(AS_OF);

  const ana = await explained(stage.engine, shop, { customer_id: '1' });
  expect(ana.orders).toHaveLength(2);
  expect(ana.names).toHaveLength(3);
  await expect(explained(stage.engine, shop, { customer_id: '2' })).rejects.toThrow(/2 different people/);
});

test('the names of one person are told with what joins them', async () => {
  const { shop } = openActiveShop(stage, {
    sources: ['web', 'till'],
    identity: { same_ids: [['web', 'till']] },
  });
  const phone = '+40722000111';
  shop.holds(
    [
      { orders: [anOrder({ customer_id: '1', email: 'ana@example.com', phone })] },
      { orders: [anOrder({ email: undefined, phone })] },
    ],
    'web',
  );
  shop.holds({ orders: [anOrder({ customer_id: '1', email: undefined })] }, 'till');
  await shop.run(AS_OF);

  const { orders, names, joined } = await explained(stage.engine, shop, 'ana@example.com');

  const [web, till] = shop.job.sources.map(({ key }) => `customer:${key}:1`);
  expect(orders).toHaveLength(3);
  expect(names.toSorted()).toEqual([web!, till!, 'email:ana@example.com', `phone:${phone}`].toSorted());
  expect(joined).toEqual([
    { names: [web, 'email:ana@example.com'], by: 'both stand in one record' },
    { names: [web, till].toSorted(), by: 'their sources share customer ids' },
    { names: [names[0], `phone:${phone}`], by: 'nobody else uses that number' },
  ]);
});

test('somebody without an id is found by what export shows in its place', async () => {
  const { shop } = openActiveShop(stage);
  const phone = '+40722000111';
  const unknown = { email: undefined, phone };
  shop.holds([
    aBuyer('ana'),
    { orders: [anOrder(unknown), anOrder(unknown)], customers: [aCustomer(unknown)] },
    { orders: [anOrder({ customer_id: '7', email: undefined })] },
  ]);
  await shop.run(AS_OF);

  const customers = await stage.engine.query<{ customer_id: string; orders: number }>(
    `SELECT customer_id, orders FROM ${facts(['customer_id', 'orders'])} ORDER BY customer_id`,
    { job: shop.job.name, run: (await lastRun(stage.engine, shop.job.name, 'segmented'))!.run_id },
  );

  expect(customers).toHaveLength(3);
  for (const { customer_id, orders } of customers) {
    const told = await explained(stage.engine, shop, { customer_id });
    expect(told.orders, customer_id).toHaveLength(orders);
    expect(told.numbers.find(({ field }) => field === 'customer_id')!.value).toBe(customer_id);
  }
});
