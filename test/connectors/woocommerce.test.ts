import { expect, test } from 'vitest';
import { openStand } from './woocommerce-stand.ts';

const LINE = { id: 1, name: 'Hat', product_id: 7, variation_id: 0, quantity: 1, sku: 'HAT', total: '10' };

test('an order is what was paid for its lines after discounts, without tax and shipping', async () => {
  const stand = await openStand();
  const order = stand.shop.put({
    number: '1044',
    currency: 'RON',
    status: 'completed',
    date_created_gmt: '2026-02-01T08:30:00',
    customer_id: 5,
    billing: { email: 'Ana@Example.com', phone: '0721000111', country: 'ro' },
    line_items: [
      { ...LINE, id: 11, quantity: 2, total: '33.613445' },
      { ...LINE, id: 12, sku: 'CAP', total: '8.4034' },
    ],
    discount_total: '5.0000',
    total_tax: '9.8832',
    shipping_total: '15.0000',
    total: '66.9001',
    prices_include_tax: true,
  });

  await stand.pull();

  expect([...stand.kept.orders.values()]).toEqual([
    {
      order_id: String(order.id),
      number: '#1044',
      customer_id: '5',
      email: 'ana@example.com',
      phone: '0721000111',
      country: 'RO',
      ordered_at: '2026-02-01T08:30:00.000Z',
      state: 'completed',
      counts: true,
      is_test: false,
      currency: 'RON',
      goods: '42.0168',
      discount: '5.00',
      tax: '9.8832',
      shipping: '15.00',
      total: '66.9001',
      version: stand.clock.now,
    },
  ]);
  expect([...stand.kept.lines.values()]).toMatchObject([
    { line_id: '11', product_id: '7', sku: 'HAT', title: 'Hat', quantity: '2', net: '33.6134' },
    { line_id: '12', sku: 'CAP', quantity: '1', net: '8.4034' },
  ]);
});

test('a discount that a plugin writes as a negative fee lowers what was paid for goods, a fee on top does not raise it', async () => {
  const stand = await openStand();
  stand.shop.put({
    line_items: [{ ...LINE, total: '50.00' }],
    fee_lines: [
      { id: 2, name: 'Bundle', total: '-8.00' },
      { id: 3, name: 'Gift wrap', total: '3.00' },
    ],
  });

  const { orders } = await stand.pull();

  expect(orders).toMatchObject([{ goods: '42.00' }]);
});

test.each([
  ['pending', false],
  ['processing', true],
  ['on-hold', false],
  ['completed', true],
  ['cancelled', false],
  ['refunded', true],
  ['failed', false],
])('an order in the state %s counts: %s', async (status, counts) => {
  const stand = await openStand();
  stand.shop.put({ status });

  const { orders, warnings } = await stand.pull();

  expect(orders).toMatchObject([{ state: status, counts }]);
  expect(warnings).toEqual([]);
});

test('orders on hold count when the setting says so, those whose payment never began do not', async () => {
  const stand = await openStand({ settings: { pending_orders: 'count' } });
  stand.shop.put({ status: 'on-hold' });
  stand.shop.put({ status: 'pending' });

  const { orders } = await stand.pull();

  expect(orders.map(({ counts }) => counts)).toEqual([true, false]);
});

test("a plugin's state does not count and is told of once, until the job says what it means", async () => {
  const stand = await openStand();
  for (let order = 0; order < 150; order += 1) stand.shop.put({ status: 'awaiting-pickup' });

  const { orders, warnings } = await stand.pull();
  const named = await openStand({ settings: { states: { 'wc-awaiting-pickup': 'paid' } } });
  named.shop.put({ status: 'awaiting-pickup' });
  const known = await named.pull();

  expect(orders.filter(({ counts }) => counts)).toEqual([]);
  expect(warnings).toEqual([
    'Orders in the state "awaiting_pickup", which is a plugin\'s, do not count; say what it means in `states: { awaiting_pickup: paid }`.',
  ]);
  expect(known).toMatchObject({ orders: [{ counts: true }], warnings: [] });
});

test('a checkout that was never finished is no order', async () => {
  const stand = await openStand();
  stand.shop.put({ status: 'checkout-draft' });

  const { orders, rejected, customers } = await stand.pull();

  expect({ orders, rejected, customers }).toEqual({ orders: [], rejected: [], customers: [] });
});

test("orders paid in WooPayments' test mode are tests", async () => {
  const stand = await openStand();
  stand.shop.put({ meta_data: [{ key: '_wcpay_mode', value: 'test' }] });
  stand.shop.put({ meta_data: [{ key: '_wcpay_mode', value: 'prod' }] });

  const { orders } = await stand.pull();

  expect(orders.map(({ is_test }) => is_test)).toEqual([true, false]);
});

test('a guest is known by what stands on the bill, and orders keep the currency they were paid in', async () => {
  const stand = await openStand();
  stand.shop.put({
    currency: 'EUR',
    billing: {
      email: 'guest@example.com',
      first_name: 'Eva',
      last_name: 'Novak',
      city: 'Brno',
      postcode: '60200',
    },
  });
  stand.shop.put({ currency: 'CZK', total: '250.00', billing: { email: 'guest@example.com' } });
  stand.shop.put({ currency: 'JPY', billing: {} });

  const { orders, customers } = await stand.pull();

  expect(orders.map(({ currency, customer_id, email }) => [currency, customer_id, email])).toEqual([
    ['EUR', undefined, 'guest@example.com'],
    ['CZK', undefined, 'guest@example.com'],
    ['JPY', undefined, undefined],
  ]);
  expect(customers).toMatchObject([
    { email: 'guest@example.com', first_name: 'Eva', last_name: 'Novak', city: 'Brno', zip: '60200' },
    { email: 'guest@example.com' },
  ]);
});

test('somebody whom the shop erased is nobody here, and the order stays', async () => {
  const stand = await openStand();
  stand.shop.put({
    billing: {
      email: 'deleted@site.invalid',
      first_name: '[gelöscht]',
      city: '[gelöscht]',
      phone: '+00 000 000',
    },
    line_items: [LINE],
  });

  const { orders, customers } = await stand.pull();

  expect(orders).toMatchObject([{ goods: '10.00', email: undefined, phone: undefined }]);
  expect(customers).toEqual([]);
});

test("accounts bring their own address, and consent and more from plugins' meta data where the settings name it", async () => {
  const settings = { consent: { email: 'newsletter', ads: 'ads_ok' }, extra: { birth_year: '_born' } };
  const stand = await openStand({ settings });
  stand.shop.putCustomer({
    id: 3,
    email: 'Account@example.com',
    first_name: 'Ana',
    last_name: 'Pop',
    billing: { email: 'bill@example.com', city: 'Cluj', country: 'RO' },
    meta_data: [
      { key: 'newsletter', value: '1' },
      { key: '_born', value: 1984 },
    ],
  });
  stand.shop.put({
    billing: { email: 'b@example.com' },
    meta_data: [
      { key: 'newsletter', value: 'no' },
      { key: 'ads_ok', value: true },
    ],
  });
  stand.shop.putCustomer({ id: 4, role: 'subscriber', email: 'reader@example.com' });

  const { customers } = await stand.pull();

  expect(customers).toMatchObject([
    { email: 'b@example.com', email_consent: 'no', ads_consent: 'yes', sms_consent: 'unknown' },
    {
      customer_id: '3',
      email: 'account@example.com',
      first_name: 'Ana',
      city: 'Cluj',
      email_consent: 'yes',
      ads_consent: 'unknown',
      extra: { birth_year: '1984' },
    },
  ]);
});

test('a product is in its deepest category, and in all above it and its tags as collections', async () => {
  const stand = await openStand();
  const shoes = stand.shop.putCategory({ name: 'Shoes &amp; Boots' });
  const sandals = stand.shop.putCategory({ name: 'Sandals', parent: shoes.id });
  const none = stand.shop.putCategory({ name: 'Unkategorisiert', slug: 'uncategorized' });
  const term = (name: string) => ({ id: 9, name, slug: name });
  stand.shop.putProduct({
    sku: 'SAN-1',
    name: 'Beach &#8211; Sandal',
    categories: [shoes, sandals],
    tags: [term('summer')],
    brands: [term('Solara')],
  });
  stand.shop.putProduct({ name: 'Thing', categories: [none] });

  const { products } = await stand.pull();

  expect(products).toMatchObject([
    {
      sku: 'SAN-1',
      title: 'Beach – Sandal',
      category: 'Sandals',
      brand: 'Solara',
      collections: ['Shoes & Boots', 'Sandals', 'summer'],
    },
    { title: 'Thing', category: undefined, collections: [] },
  ]);
});

test('a renamed category is known of for products that did not change', async () => {
  const stand = await openStand();
  const hats = stand.shop.putCategory({ name: 'Hats' });
  stand.shop.putProduct({ categories: [hats] });
  await stand.pull();
  stand.later(40 * 86_400_000);
  await stand.pull();
  const quiet = await stand.pull();
  hats.name = 'Headwear';

  const { products } = await stand.pull();

  expect(quiet.products).toEqual([]);
  expect(products).toMatchObject([{ category: 'Headwear' }]);
});

test('an order that cannot be read is left out and told of by its number, and the rest stands', async () => {
  const stand = await openStand();
  stand.shop.put({ id: 21, line_items: [LINE] });
  stand.shop.put({ id: 22, total: 'secret@example.com' });
  stand.shop.put({ id: 23, date_created_gmt: 'yesterday' });
  stand.shop.put({ id: 24, line_items: [LINE, { ...LINE, total: '1e3' }] });
  stand.shop.put({ id: 25, currency: '€' });

  const { orders, rejected } = await stand.pull();

  expect(orders.map(({ order_id }) => order_id)).toEqual(['21']);
  expect(rejected).toEqual([
    { source: 'orders', line: 22, reason: 'order: total is no amount' },
    { source: 'orders', line: 23, reason: 'order: date_created_gmt is not as described' },
    { source: 'orders', line: 24, reason: 'order: line_items 2 total is no amount' },
    { source: 'orders', line: 25, reason: 'order: currency is no currency code' },
  ]);
});

test('only what the settings ask for is asked of the shop', async () => {
  const stand = await openStand({ settings: { read: ['orders'] } });
  stand.shop.put();

  await stand.pull();

  expect(stand.asked(/customers|products/)).toEqual([]);
});
