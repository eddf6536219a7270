import { describe, expect, test } from 'vitest';
import { serveSandbox, sandboxes, FROM_THE_BEGINNING } from '../../connectors/index.ts';
import { openShopify } from '../../connectors/shopify/pull.ts';
import { bulkQuery, FULL_ACCESS, PARTS } from '../../connectors/shopify/queries.ts';
import { ShopifySettings } from '../../connectors/shopify/schema.ts';
import { parseDocument } from '../../connectors/shopify/sandbox-graphql.ts';
import { bulkMistake, mistakes } from '../../connectors/shopify/sandbox-validate.ts';
import { openStand } from './shopify-stand.ts';

const NOTHING = { email: false, phone: false, name: false, address: false, products: false };
const wrong = (text: string, variables = {}) => mistakes(parseDocument(text), variables);

describe('the sandbox refuses', () => {
  test.each([
    [
      'a field that Shopify has not',
      '{ orders(first: 1) { nodes { id prise } } }',
      "Field 'prise' doesn't exist on type 'Order'",
    ],
    [
      'an argument that Shopify has not',
      '{ orders(limit: 1) { nodes { id } } }',
      "Field 'orders' doesn't accept argument 'limit'",
    ],
    [
      'an object without fields',
      '{ orders(first: 1) { nodes { customer } } }',
      "Field 'customer' must have a selection of subfields",
    ],
    ['a scalar with fields', '{ shop { name { x } } }', "Field 'name' must have no selection of subfields"],
    ['a missing argument', '{ order { id } }', "Field 'order' is missing required argument: id"],
    [
      'a variable that was not declared',
      '{ orders(first: $first) { nodes { id } } }',
      'Variable $first is used but not declared',
    ],
  ])('%s', (_, text, mistake) => {
    expect(wrong(text)).toContain(mistake);
  });

  test('variables of another type, missing ones and unknown ones', () => {
    const text = 'query X($first: Int!) { orders(first: $first) { nodes { id } } }';
    expect(wrong(text, { first: 1 })).toEqual([]);
    expect(wrong(text, { first: '1' })).toHaveLength(1);
    expect(wrong(text, {})).toHaveLength(1);
    expect(wrong(text, { first: 1, more: 2 })).toEqual(['Variable $more is not defined']);
  });

  test.each([
    ['a bulk operation without a list', '{ shop { name } }', 'at least one connection'],
    [
      'a list within a plain list',
      '{ orders { edges { node { id refunds { id refundLineItems { edges { node { quantity } } } } } } } }',
      'connection field within a list field',
    ],
    ['a list of things without ids', '{ order(id: "1") { id refunds { id } } }', 'at least one connection'],
    ['two root fields', '{ shop { name } orders { edges { node { id } } } }', 'one root field'],
    ['nodes in place of edges', '{ orders { nodes { id } } }', 'for edges'],
  ])('%s', (_, text, why) => {
    expect(bulkMistake(parseDocument(text))).toContain(why);
  });
});

test('every query of this source is one that Shopify takes', () => {
  for (const part of PARTS) {
    for (const access of [FULL_ACCESS, NOTHING]) {
      for (const since of [undefined, '2026-01-01T00:00:00.000Z']) {
        const document = parseDocument(bulkQuery(part, access, since));
        expect([...mistakes(document, {}), bulkMistake(document)]).toEqual([undefined]);
      }
    }
  }
});

test('a query that would cost too much is refused before it is counted', async () => {
  const { sandbox } = await openStand();
  const lines =
    'lineItems(first: 250) { nodes { id product { id collections(first: 250) { nodes { id } } } } }';
  const query = `{ orders(first: 250) { nodes { id ${lines} ${lines} } } }`;

  const answer = await fetch(`${sandbox.url}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shopify-access-token': 'sandbox' },
    body: JSON.stringify({ query }),
  });

  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'MAX_COST_EXCEEDED', maxCost: 1000 } }],
  });
});

test('the shop that the command `sandbox` serves can be read without an account', async () => {
  const sandbox = await serveSandbox([await sandboxes.shopify({})]);
  const settings = ShopifySettings.parse({
    shop: 'sandbox',
    client_id: 'sandbox',
    client_secret: 'sandbox',
    base_url: sandbox.url,
  });
  const context = {
    folder: '.',
    timezone: 'UTC',
    currency: 'EUR',
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: () => {},
  };
  let [orders, customers, products] = [0, 0, 0];

  for await (const page of openShopify(settings, context).pull(FROM_THE_BEGINNING)) {
    orders += page.orders?.length ?? 0;
    customers += page.customers?.length ?? 0;
    products += page.products?.length ?? 0;
  }

  expect([orders, customers, products]).toEqual([60, 12, 5]);
  expect(sandbox.state()).toEqual({
    shopify: { orders: 60, customers: 12, products: 5, bulk_operations: 3 },
  });
  await sandbox.close();
});
