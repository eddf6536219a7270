import { describe, expect, test } from 'vitest';
import type { Customer, Event, Order } from '../../connectors/index.ts';
import { aCustomer, anOrder, aVisit, openStage } from './stage.ts';

const stage = openStage();

/** Orders by the given people, one each, in a source of its own. */
function boughtBy(...people: Partial<Order>[]): Order[] {
  return people.map((person) => anOrder({ email: undefined, ...person }));
}

async function customersOf(records: { orders: Order[]; customers?: Customer[]; events?: Event[] }) {
  const shop = stage.shop();
  shop.holds(records);
  const source = shop.job.sources[0]!.key;
  const { customers, warnings } = await shop.profile('2026-03-31');
  const named = customers.map((row) => ({ ...row, customer: row.customer.replace(source, 'shop') }));
  return { customers: named, warnings };
}

describe('one person', () => {
  test('is behind an e-mail address however it is written', async () => {
    const { customers } = await customersOf({
      orders: boughtBy({ email: ' Ana@Example.COM' }, { email: 'ana@example.com\t' }),
    });

    expect(customers).toMatchObject([{ customer: 'email:ana@example.com', orders: 2 }]);
  });

  test('is behind two addresses that were used with one customer id', async () => {
    const { customers } = await customersOf({
      orders: boughtBy(
        { customer_id: '7', email: 'old@example.com' },
        { customer_id: '7', email: 'new@example.com' },
        { email: 'old@example.com' },
        { customer_id: '7' },
      ),
    });

    expect(customers).toMatchObject([{ customer: 'customer:shop:7', orders: 4, revenue: '40' }]);
  });

  test('is found along a chain of identities, whatever record links them', async () => {
    const { customers } = await customersOf({
      orders: boughtBy(
        { customer_id: '9', email: 'a@example.com' },
        { customer_id: '8', email: 'b@example.com' },
        { customer_id: '7', email: 'd@example.com' },
        { email: 'c@example.com' },
        { email: 'stranger@example.com' },
      ),
      customers: [
        aCustomer({ customer_id: '8', email: 'a@example.com' }),
        aCustomer({ customer_id: '7', email: 'c@example.com' }),
      ],
      events: [aVisit({ customer_id: '9', email: 'c@example.com' })],
    });

    expect(customers).toMatchObject([
      { customer: 'customer:shop:7', orders: 4, last_visit: '2026-03-05' },
      { customer: 'email:stranger@example.com', orders: 1 },
    ]);
  });

  test('is not assumed behind the same customer id in two sources', async () => {
    const shop = stage.shop({ sources: ['ro', 'bg'] });
    shop.holds({ orders: boughtBy({ customer_id: '7', email: 'ana@example.com' }) }, 'ro');
    shop.holds({ orders: boughtBy({ customer_id: '7', email: 'bo@example.com' }) }, 'bg');

    expect((await shop.profile('2026-03-31')).customers).toHaveLength(2);
  });
});

describe('a phone number', () => {
  test('as the only identity is the one person who is known to use it', async () => {
    const { customers } = await customersOf({
      orders: boughtBy(
        { email: 'ana@example.com', phone: '+40722000111' },
        { phone: '0722 000 111', country: 'RO' },
      ),
    });

    expect(customers).toMatchObject([{ customer: 'email:ana@example.com', orders: 2 }]);
  });

  test('leads to a person who used it with several of their identities', async () => {
    const phone = '+40722000222';

    const { customers } = await customersOf({
      orders: boughtBy(
        { customer_id: '7', email: 'ana@example.com', phone },
        { email: 'ana@example.com', phone },
        { phone },
      ),
    });

    expect(customers).toMatchObject([{ customer: 'customer:shop:7', orders: 3 }]);
  });

  test('that two people share joins neither of them, and its own orders stay apart', async () => {
    const phone = '+40722000333';

    const { customers } = await customersOf({
      orders: boughtBy(
        { email: 'ana@example.com', phone },
        { email: 'bo@example.com', phone },
        { phone },
        { phone },
      ),
    });

    expect(customers).toMatchObject([
      { customer: 'email:ana@example.com', orders: 1 },
      { customer: 'email:bo@example.com', orders: 1 },
      { customer: `phone:${phone}`, orders: 2 },
    ]);
  });

  test('of nobody known is a customer of its own', async () => {
    const { customers } = await customersOf({
      orders: boughtBy({ phone: '+15550100008' }, { phone: '+1 (555) 010-0008' }),
    });

    expect(customers).toMatchObject([{ customer: 'phone:+15550100008', orders: 2 }]);
  });
});

test('orders of nobody are counted in words and make no customer, alone or together', async () => {
  const { customers, warnings } = await customersOf({
    orders: boughtBy({}, { email: 'not an address', phone: '12' }, { email: 'ana@example.com' }),
  });

  expect(customers).toMatchObject([{ customer: 'email:ana@example.com', orders: 1 }]);
  expect(warnings).toEqual(['2 orders belong to nobody: no e-mail address, phone number or customer id']);
});

describe('what is known of a person', () => {
  const described = async (...customers: Customer[]) =>
    (await customersOf({ orders: [anOrder({ customer_id: '7' })], customers })).customers[0];
  const at = (day: number, fields: Partial<Customer>) =>
    aCustomer({ updated_at: `2026-03-0${day}T00:00:00.000Z`, ...fields });

  test('is the newest that was said, field by field, whatever order the rows come in', async () => {
    const older = at(1, { first_name: 'Anna', city: 'Cluj', phone: '+40722000111' });
    const newer = at(2, { first_name: 'Ana', city: '' });
    const byId = at(3, { customer_id: '7', last_name: 'Pop', email: undefined });

    const one = await described(older, newer, byId);
    const other = await described(byId, newer, older);

    const known = {
      first_name: 'Ana',
      last_name: 'Pop',
      city: 'Cluj',
      phone: '+40722000111',
      customer_id: '7',
    };
    expect([one, other]).toMatchObject([known, known]);
  });

  test('of consent is the newest yes or no, which silence never overrides', async () => {
    const yes = at(1, { email_consent: 'yes', sms_consent: 'yes', ads_consent: 'no' });
    const no = at(2, { email_consent: 'no' });
    const silent = at(3, {});
    const yesAgain = at(4, { customer_id: '7', ads_consent: 'yes' });

    expect(await described(yes, silent)).toMatchObject({ email_consent: 'yes', ads_consent: 'no' });
    expect(await described(silent, no, yes)).toMatchObject({ email_consent: 'no', sms_consent: 'yes' });
    expect(await described(yesAgain, yes)).toMatchObject({ email_consent: 'yes', ads_consent: 'yes' });
    expect(await described(silent)).toMatchObject({ email_consent: 'unknown', sms_consent: 'unknown' });
  });

  test('of costs is the newest amount of each kind, nothing being an amount too', async () => {
    const first = at(1, { acquisition_cost: '12.50', service_cost: '3.1234' });
    const second = at(2, { service_cost: '0' });
    const silent = at(3, { city: 'Cluj' });

    expect(await described(silent, first)).toMatchObject({
      acquisition_cost: '12.5',
      service_cost: '3.1234',
    });
    expect(await described(second, first, silent)).toMatchObject({
      acquisition_cost: '12.5',
      service_cost: '0',
    });
    expect(await described(silent)).toMatchObject({ acquisition_cost: null, service_cost: null });
  });

  test('stays known when a later pull says less', async () => {
    const shop = stage.shop();
    const orders = [anOrder()];
    shop.holds({
      orders,
      customers: [at(1, { email_consent: 'yes', service_cost: '3', first_name: 'Ana' })],
    });
    await shop.profile('2026-03-31');
    shop.holds({ orders, customers: [at(2, { first_name: 'Anna' })] });

    const { pulled, customers } = await shop.profile('2026-03-31');

    expect(pulled.customers).toBe(1);
    expect(customers).toMatchObject([{ email_consent: 'yes', service_cost: '3', first_name: 'Anna' }]);
  });
});

describe('what a job says of identity', () => {
  const families = {
    orders: boughtBy(
      { email: 'ana@example.com', phone: '+40722000111' },
      { customer_id: '7', phone: '+40722000111' },
      { phone: '+40722000111' },
      { email: 'bo@example.com', phone: '+40722000222' },
      { phone: '+40722000222' },
    ),
  };

  test.each([
    // Nobody knows whose the third order is: two people use its number.
    ['alone', [1, 1, 1, 2]],
    ['join', [2, 3]],
    ['apart', [1, 1, 1, 1, 1]],
  ] as const)('customers with one phone number: %s', async (phone, orders) => {
    const shop = stage.shop({ identity: { phone } });
    shop.holds(families);

    const { customers } = await shop.profile('2026-03-31');

    expect(customers.map((row) => row.orders).toSorted()).toEqual(orders);
  });

  test('sources that share their ids have their customers in common, others do not', async () => {
    const sources = ['web', 'till', 'market'];
    const shop = stage.shop({ sources, identity: { same_ids: [['web', 'till']] } });
    shop.holds({ orders: boughtBy({ customer_id: '7', email: 'ana@example.com' }) }, 'web');
    shop.holds({ orders: boughtBy({ customer_id: '7' }, { customer_id: '8' }) }, 'till');
    shop.holds({ orders: boughtBy({ customer_id: '7', email: 'bo@example.com' }) }, 'market');

    const { customers } = await shop.profile('2026-03-31');

    expect(customers.map(({ email, orders }) => [email, orders]).toSorted()).toEqual([
      ['', 1],
      ['', 1],
      ['', 2],
    ]);
  });

  test('a list of sources that names a stranger, or a source twice, is an error', () => {
    const listing = (same_ids: string[][]) => () =>
      stage.shop({ sources: ['web', 'till'], identity: { same_ids } });

    expect(listing([['web', 'tell']])).toThrow(/No source of this job is called "tell"/);
    expect(listing([['web', 'till', 'web']])).toThrow(/"web" stands there twice/);
  });
});
