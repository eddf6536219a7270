import { expect, test } from 'vitest';
import { aCustomer, anOrder, openStage } from './stage.ts';

const stage = openStage();

test('whoever was erased at the source is nobody here any more, and the money of their orders stays', async () => {
  const shop = stage.shop();
  const ana = { customer_id: '1', email: 'ana@example.com', phone: '+40721000111' };
  const ion = { customer_id: '2', email: 'ion@example.com' };
  const orders = [anOrder(ana), anOrder({ ...ana, goods: '20.00' }), anOrder(ion)];
  const described = { first_name: 'Ana', city: 'Cluj', email_consent: 'yes' as const };
  shop.holds({ orders, customers: [aCustomer({ ...ana, ...described }), aCustomer(ion)] });
  await shop.profile('2026-03-10');
  const refusal = { email_consent: 'no', sms_consent: 'no', ads_consent: 'no' } as const;
  const erased = {
    customer_id: '1',
    redacted: true,
    tags: [],
    updated_at: '2026-03-11T00:00:00.000Z',
    ...refusal,
  };

  shop.holds({ customers: [erased] });
  const { customers } = await shop.profile('2026-03-12');
  // Asked again, there is nothing left to take out.
  const again = await shop.profile('2026-03-12');

  expect(customers).toMatchObject([
    {
      customer_id: '1',
      email: '',
      phone: '',
      first_name: '',
      city: '',
      email_consent: 'no',
      orders: 2,
      revenue: '30',
    },
    { customer_id: '2', email: 'ion@example.com', revenue: '10' },
  ]);
  expect(again.customers).toEqual(customers);
  const left = await stage.engine.query(
    `SELECT email FROM orders WHERE email = 'ana@example.com' UNION ALL
     SELECT email FROM customers WHERE email = 'ana@example.com'`,
  );
  expect(left).toEqual([]);
});
