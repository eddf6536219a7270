import { describe, expect, test } from 'vitest';
import { pause } from '../../connectors/clock.ts';
import { ShopifySettings } from '../../connectors/shopify/schema.ts';
import { openStand, problemOf } from './shopify-stand.ts';

const CLIENT = { access_token: undefined, client_id: 'sandbox', client_secret: 'sandbox' };

describe('the settings', () => {
  const problems = (settings: object) =>
    ShopifySettings.safeParse({ shop: 'my-shop', ...settings }).error?.issues.map(({ message }) => message) ??
    [];

  test('take a token, or an id and a secret, and not both', () => {
    expect(problems({ access_token: 'a' })).toEqual([]);
    expect(problems({ client_id: 'a', client_secret: 'b' })).toEqual([]);
    expect(problems({})).toEqual(['give `access_token`, or both `client_id` and `client_secret`']);
    expect(problems({ client_id: 'a' })).toEqual([
      'give `access_token`, or both `client_id` and `client_secret`',
    ]);
    expect(problems({ access_token: 'a', client_id: 'b' })).toEqual([
      'give either `access_token`, or `client_id` and `client_secret`',
    ]);
  });

  test('take the name of a shop as Shopify has it, and no other address', () => {
    const shop = (name: string) => ShopifySettings.parse({ shop: name, access_token: 'a' }).shop;
    expect(shop('My-Shop')).toBe('my-shop.myshopify.com');
    expect(shop('my-shop.myshopify.com')).toBe('my-shop.myshopify.com');
    expect(problems({ shop: 'www.my-shop.com', access_token: 'a' })[0]).toContain(
      'is not the name of a shop',
    );
    expect(problems({ shop: 'evil.com/x.myshopify.com', access_token: 'a' })[0]).toContain('is not the name');
  });
});

describe('check', () => {
  test('tells shop, plan, currency, version, scopes and what may be read of customers', async () => {
    const { source, shop } = await openStand();
    shop.putCustomer({ id: 1, email: 'ana@example.com', phone: '+40721000111', address: { city: 'Cluj' } });

    expect(await source.check()).toEqual([
      'sandbox.myshopify.com: Sandbox, plan Grow, sells in EUR',
      'API version 2026-10 asked, 2026-10 answered',
      'scopes: read_all_orders, read_customers, read_orders, read_products',
      'read_all_orders: the whole history of orders may be read (without it only the last 60 days)',
      'personal data of customers: email, phone, name, address',
    ]);
  });

  test('and pull refuse the last 60 days in place of the whole history', async () => {
    const { source, shop, pull } = await openStand();
    shop.grants.scopes.delete('read_all_orders');

    const problem = await problemOf(source.check());

    expect(problem).toMatchObject({
      code: 'SOURCE_PERMISSION',
      what: 'The app sees the orders of the last 60 days only.',
      why: expect.stringContaining('without a word'),
      fix: expect.stringContaining('`allow_60_days: true`'),
    });
    expect(await problemOf(pull())).toEqual(problem);
  });

  test('and pull go on with 60 days where the job says so, and say it aloud', async () => {
    const { source, shop, pull } = await openStand({ settings: { allow_60_days: true } });
    shop.grants.scopes.delete('read_all_orders');
    shop.putOrder({ id: 1, processedAt: '2025-01-01T00:00:00Z' });
    shop.putOrder({ id: 2, processedAt: '2026-10-01T00:00:00Z' });

    const facts = await source.check();
    const { orders, warnings } = await pull();

    expect(facts).toContain(
      'read_all_orders is missing, and `allow_60_days` says that the last 60 days are enough',
    );
    expect(facts.at(-1)).toContain('ONLY THE LAST 60 DAYS');
    expect(orders.map((order) => order.order_id)).toEqual(['2']);
    expect(warnings[0]).toContain('ONLY THE LAST 60 DAYS');
  });

  test.each(['read_orders', 'read_customers'])('fails without the scope %s', async (scope) => {
    const { source, shop } = await openStand();
    shop.grants.scopes.delete(scope);

    expect(await problemOf(source.check())).toMatchObject({
      code: 'SOURCE_PERMISSION',
      what: `The app has not the scope ${scope}.`,
      fix: expect.stringContaining('Access scopes'),
    });
  });

  test('takes the right to write for the right to read', async () => {
    const { source, shop } = await openStand();
    shop.grants.scopes.delete('read_customers');
    shop.grants.scopes.add('write_customers').add('read_customers');
    shop.grants.scopes.delete('read_products');
    shop.grants.scopes.add('write_products');

    expect((await source.check()).join()).not.toContain('read_products nothing');
  });

  test('tells that another version answers', async () => {
    const { source, shop, pull } = await openStand();
    shop.answerAs('2027-10');

    const facts = await source.check();

    expect(facts).toContain('API version 2026-10 asked, 2027-10 answered');
    expect(facts.at(-1)).toContain('take a newer version of this program');
    expect((await pull()).warnings).toContain(facts.at(-1));
  });
});

describe('without the scope read_products', () => {
  test('orders come without categories, and it is told', async () => {
    const { shop, pull } = await openStand();
    shop.grants.scopes.delete('read_products');
    shop.putProduct({ id: 1, type: 'Shoes' });
    shop.putOrder({ id: 1, lines: [{ id: 1, product: 1, price: 100 }] });

    const { lines, products, warnings, incomplete } = await pull();

    expect(lines).toMatchObject([{ line_id: '1', net: '1.00', category: undefined, product_id: undefined }]);
    expect(products).toEqual([]);
    expect(incomplete).toEqual([]);
    expect(warnings[0]).toContain('read_products');
  });
});

describe('protected data that was not granted', () => {
  test('comes as errors in a 200: the rest is read, and the missing addresses are told aloud', async () => {
    const { shop, source, pull } = await openStand();
    shop.grants.protected.delete('email');
    shop.grants.protected.delete('name');
    shop.putCustomer({
      id: 1,
      email: 'ana@example.com',
      emailState: 'SUBSCRIBED',
      phone: '+40721000111',
      firstName: 'Ana',
    });
    shop.putOrder({
      id: 1,
      customer: 1,
      email: 'ana@example.com',
      lines: [{ id: 1, price: 100 }],
      billing: { firstName: 'Ana', country: 'RO' },
    });

    const facts = await source.check();
    const { orders, customers, warnings } = await pull();

    expect(facts).toContain('personal data of customers: phone, address');
    expect(facts.find((fact) => fact.startsWith('NO E-MAIL ADDRESSES'))).toContain('Basic and Starter');
    expect(warnings[0]).toContain('NO E-MAIL ADDRESSES');
    expect(warnings[1]).toContain('The app may not read of customers: name.');
    expect(orders).toMatchObject([{ order_id: '1', customer_id: '1', email: undefined, country: 'RO' }]);
    expect(customers).toMatchObject([
      { customer_id: '1', email: undefined, phone: '+40721000111', email_consent: 'unknown' },
    ]);
  });

  test('is not asked for by pages either', async () => {
    const { shop, pull, from } = await openStand();
    shop.grants.protected.clear();
    shop.putCustomer({
      id: 1,
      email: 'ana@example.com',
      firstName: 'Ana',
      phone: '1',
      address: { city: 'Cluj' },
    });
    shop.putOrder({ id: 1, customer: 1, email: 'ana@example.com', phone: '1', billing: { city: 'Cluj' } });
    await pull();

    const { orders, customers, warnings } = await pull(from());

    expect(orders).toMatchObject([{ customer_id: '1' }]);
    expect(customers).toMatchObject([{ customer_id: '1', tags: [] }]);
    expect(warnings.some((warning) => warning.includes('denied some fields'))).toBe(false);
  });
});

describe('the token', () => {
  const grants = (stand: Awaited<ReturnType<typeof openStand>>) =>
    stand.sandbox.requests().shopify!['POST /oauth/access_token'] ?? 0;

  test('of an app from the Dev Dashboard is got once, and renewed an hour before its end', async () => {
    const stand = await openStand({ settings: CLIENT });
    const { source, clock, sandbox } = stand;
    await source.check();
    await pause(clock, 22.9 * 3_600_000, new AbortController().signal);
    await source.check();
    expect(grants(stand)).toBe(1);

    await pause(clock, 0.2 * 3_600_000, new AbortController().signal);
    await source.check();

    expect(grants(stand)).toBe(2);
    expect(sandbox.exchanges.some(({ reply }) => reply.status === 401)).toBe(false);
  });

  test('that ends early is got anew, in the middle of a pull', async () => {
    const stand = await openStand({ settings: CLIENT });
    stand.shop.putOrder({ id: 1 });
    let orders = 0;

    for await (const page of stand.source.pull(stand.from())) {
      orders += page.orders?.length ?? 0;
      stand.shop.endTokens();
    }

    expect(orders).toBe(1);
    expect(grants(stand)).toBeGreaterThan(1);
  });

  test('that Shopify does not know ends the pull, and says what to do', async () => {
    const { pull } = await openStand({ settings: { access_token: 'not-the-token' } });

    expect(await problemOf(pull())).toMatchObject({
      code: 'SOURCE_KEY_REFUSED',
      what: 'Shopify does not accept the access token.',
      why: 'Shopify says: "[API] Invalid API key or access token (unrecognized login or wrong password)" (HTTP 401).',
    });
  });

  test('cannot be got with a wrong secret', async () => {
    const { pull } = await openStand({ settings: { ...CLIENT, client_secret: 'wrong' } });

    expect(await problemOf(pull())).toMatchObject({
      code: 'SOURCE_KEY_REFUSED',
      what: 'Shopify does not accept the client id and secret.',
      why: 'Shopify says: invalid_client (HTTP 400).',
    });
  });

  test('cannot be got for a shop of another organisation', async () => {
    const stand = await openStand({ settings: CLIENT });
    stand.sandbox.fault({
      platform: 'shopify',
      path: 'oauth',
      status: 400,
      body: { error: 'shop_not_permitted' },
    });

    expect(await problemOf(stand.pull())).toMatchObject({
      code: 'SOURCE_KEY_REFUSED',
      what: 'Shopify gives this app no token for this shop.',
      fix: expect.stringContaining('one organisation'),
    });
  });
});
