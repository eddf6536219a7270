import { describe, expect, test } from 'vitest';
import { openStand, problemOf } from './shopify-stand.ts';

const graphql = { platform: 'shopify', path: 'graphql' } as const;
const html = { status: 200, text: '<html><body>Be right back</body></html>', content_type: 'text/html' };
const errors = (code: string, message = 'x') => ({
  status: 200,
  body: { errors: [{ message, extensions: { code } }] },
});

describe('passes, and the pull goes on:', () => {
  test.each([
    ['an answer of 500', { status: 500, text: 'x' }],
    ['an answer of 502 as a page', { ...html, status: 502 }],
    ['a page in place of an answer', html],
    ['half an answer', { status: 200, text: '{"data":{"sho' }],
    ['an answer without an answer', { status: 200, body: {} }],
    ['a connection that breaks before', { drop: 'before' as const }],
    ['a connection that breaks after', { drop: 'after' as const }],
    ['too many requests', { status: 429, headers: { 'retry-after': '0.05' }, body: { errors: 'Too many' } }],
    ['an error within Shopify', errors('INTERNAL_SERVER_ERROR')],
  ])('%s', async (_, fault) => {
    const { sandbox, shop, pull } = await openStand();
    for (let id = 1; id <= 5; id += 1) shop.putOrder({ id });
    // One at the first call, one as an operation is begun, one as it is waited for.
    for (const skip of [0, 3, 7]) sandbox.fault({ ...graphql, ...fault, skip });

    const { orders, incomplete } = await pull();

    expect(orders).toHaveLength(5);
    expect(incomplete).toEqual([]);
  });
});

describe('stays, and the pull says so:', () => {
  test.each([
    ['an answer of 503', { status: 503, text: 'x' }, 'SOURCE_DOWN', 'HTTP 503.'],
    ['a page in place of an answer', html, 'SOURCE_DOWN', 'HTTP 200.'],
    [
      'no connection',
      { drop: 'before' as const },
      'SOURCE_DOWN',
      'It did not answer, or its answer broke off.',
    ],
    [
      'too many requests',
      { status: 429, body: { errors: 'Too many' } },
      'SOURCE_THROTTLED',
      'Shopify says: "Too many" (HTTP 429).',
    ],
    [
      'a shop that is not there',
      { status: 404, body: { errors: 'Not Found' } },
      'SOURCE_NOT_FOUND',
      'Shopify says: "Not Found" (HTTP 404).',
    ],
    [
      'a shop at another address',
      { status: 301, headers: { location: 'https://elsewhere.example/' } },
      'SOURCE_NOT_FOUND',
      'HTTP 301.',
    ],
    [
      'a frozen shop',
      { status: 402, body: { errors: 'Unavailable Shop' } },
      'SOURCE_CLOSED',
      'Shopify says: "Unavailable Shop" (HTTP 402).',
    ],
    ['a locked shop', { status: 423, text: '' }, 'SOURCE_CLOSED', 'HTTP 423.'],
    [
      'a shop that is not active',
      errors('SHOP_INACTIVE', 'Gone fishing'),
      'SOURCE_CLOSED',
      'Shopify says: "Gone fishing".',
    ],
    [
      'a refusal',
      { status: 403, body: { errors: 'Forbidden' } },
      'SOURCE_PERMISSION',
      'Shopify says: "Forbidden" (HTTP 403).',
    ],
    [
      'a field that is denied as a whole',
      errors('ACCESS_DENIED', 'Access denied for orders field.'),
      'SOURCE_PERMISSION',
      'Shopify says: "Access denied for orders field.".',
    ],
    [
      'an unknown field',
      errors('undefinedField', "Field 'shop' doesn't exist"),
      'SOURCE_ANSWER',
      `Shopify says: "Field 'shop' doesn't exist".`,
    ],
    [
      'an answer of another shape',
      { status: 200, body: { data: { shop: { name: 1 } } } },
      'SOURCE_ANSWER',
      'At shop.name.',
    ],
    ['an answer that is odd', { status: 418, body: {} }, 'SOURCE_ANSWER', 'HTTP 418.'],
  ])('%s', async (_, fault, code, why) => {
    const { sandbox, pull } = await openStand();
    sandbox.fault({ ...graphql, ...fault, times: 100 });

    const problem = await problemOf(pull());

    expect(problem).toMatchObject({
      code,
      why,
      where: 'shopify sandbox.myshopify.com',
      fix: expect.any(String),
    });
  });
});

test('a pull that is called off ends at once, in a wait as in a request', async () => {
  const stop = new AbortController();
  const { shop, pull } = await openStand({ context: { signal: stop.signal } });
  shop.bulk.takeLooks(1_000);
  const pulling = pull();
  setTimeout(() => stop.abort(new Error('stop')), 50);

  const error = await pulling.catch((thrown: unknown) => thrown);

  expect((error as Error).name).toBe('AbortError');
});

test('no token, secret or person is in any error, warning or line of the log', async () => {
  const people = ['fringilla@aviary.example', '+40721000111'];
  const accounts = [
    { access_token: 'canary0secret0token' },
    { access_token: undefined, client_id: 'sandbox', client_secret: 'canary0client0secret' },
  ];
  const secrets = [...people, 'Fringilla', 'canary0', 'shpat_'];
  // No request of ours holds a name, so no answer to it can quote one.
  const faults = (echo: string) => [
    { status: 401, body: { errors: `Invalid ${echo}` } },
    { status: 403, body: { errors: [{ message: echo }] } },
    { status: 500, text: echo },
    { status: 200, text: echo },
    { status: 200, body: { errors: [{ message: echo, extensions: { code: 'BAD_USER_INPUT' } }] } },
    { status: 200, body: { data: { shop: { name: echo } } } },
    {
      status: 200,
      body: { data: { bulkOperationRunQuery: { bulkOperation: null, userErrors: [{ message: echo }] } } },
    },
  ];
  const told: string[] = [];
  for (const settings of accounts) {
    const own = settings.client_secret ?? settings.access_token;
    const echo = `${people.join(' ')} ${own} shpat_0123456789abcdef0123456789abcdef`;
    for (const fault of faults(echo)) {
      for (const path of ['graphql', 'oauth']) {
        const stand = await openStand({ settings });
        stand.sandbox.fault({ platform: 'shopify', path, times: 100, ...fault });
        const thrown = await stand.pull().catch((error: unknown) => error);
        const { problem, message, cause } = thrown as { problem: unknown; message: string; cause: unknown };
        told.push(JSON.stringify([problem, message, String(cause), stand.logs]));
      }
    }
  }
  const stand = await openStand();
  stand.shop.putCustomer({ id: 1, email: 'fringilla@aviary.example' });
  stand.shop.putCustomer({ id: 2, email: 'Fringilla +40721000111' });
  stand.shop.putOrder({
    id: 1,
    email: 'fringilla@aviary.example',
    phone: '+40721000111',
    billing: { firstName: 'Fringilla' },
  });
  stand.shop.orders.get(1)!.processedAt = 'fringilla@aviary.example';
  stand.shop.customers.get(1)!.tags = 'Fringilla';
  const { rejected, warnings } = await stand.pull();
  told.push(JSON.stringify([rejected, warnings, stand.logs]));

  expect(rejected).toHaveLength(2);
  expect(told).toHaveLength(29);
  for (const secret of secrets) expect(told.filter((text) => text.includes(secret))).toEqual([]);
});
