import { describe, expect, test } from 'vitest';
import { keys, openActiveShop } from './active-shop.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, aCustomer, anOrder, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

describe('a plan', () => {
  test('adds, removes and keeps what makes the audience equal its segment, and sends nothing', async () => {
    const { shop, platform } = openActiveShop(stage);
    shop.holds(['ana', 'bo', 'cy'].map((name) => aBuyer(name)));
    await shop.run(AS_OF);
    const sent = platform.requests.length;
    shop.holds([
      aBuyer('cy', { ordered_at: '2026-08-01T12:00:00.000Z' }),
      aBuyer('di', { ordered_at: '2026-08-02T12:00:00.000Z' }),
    ]);

    const { audiences, status } = await shop.run('2026-08-15', { send: false });

    expect(status).toBe('done');
    expect(audiences).toMatchObject([
      { segment: 'lifecycle.active', audience: 'Active', customers: 2, wanted: 2, to_add: 1, to_remove: 2 },
    ]);
    expect(platform.requests).toHaveLength(sent);
    expect(platform.members('Active')).toHaveLength(3);
  });

  test('of a first run counts the request that creates the audience', async () => {
    const { shop } = openActiveShop(stage);
    shop.holds(['ana', 'bo', 'cy'].map((name) => aBuyer(name)));

    const { audiences } = await shop.run(AS_OF, { send: false });

    // Batches of two, and one request to create it.
    expect(audiences).toMatchObject([{ to_add: 3, to_remove: 0, requests: 3, remote_id: null }]);
  });

  test('where nothing changed needs no request', async () => {
    const { shop, platform } = openActiveShop(stage);
    shop.holds(aBuyer('ana'));
    const first = await shop.run(AS_OF);
    const sent = platform.requests.length;

    const second = await shop.run(AS_OF);

    expect(first.audiences).toMatchObject([{ added: 1, requests: 2 }]);
    expect(second.audiences).toMatchObject([{ added: 0, removed: 0, requests: 0, wanted: 1 }]);
    expect(platform.requests).toHaveLength(sent);
  });

  test('never counts or sends orders of nobody', async () => {
    const { shop, platform } = openActiveShop(stage);
    shop.holds([aBuyer('ana'), { orders: [anOrder({ email: undefined }), anOrder({ email: undefined })] }]);

    const { customers, segments } = await shop.run(AS_OF);

    expect(customers).toBe(1);
    expect(segments.find(({ segment }) => segment === 'lifecycle.active')?.customers).toBe(1);
    expect(platform.members('Active')).toEqual(['email:ana@example.com']);
  });
});

test('the consent rule of a destination decides who is sent there', async () => {
  const { shop, platform } = openActiveShop(stage, {
    destinations: ['required', 'not_refused', 'ignore'].map((consent) => ({
      type: 'platform',
      account: consent,
      consent,
      audiences: [{ segment: 'lifecycle.active', audience: consent }],
    })),
  });
  shop.holds(
    (['yes', 'no', 'pending', 'unknown'] as const).map((said) => aBuyer(said, {}, { email_consent: said })),
  );

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([
    { customers: 4, wanted: 1, without_consent: 3, unreachable: 0 },
    { customers: 4, wanted: 3, without_consent: 1, unreachable: 0 },
    { customers: 4, wanted: 4, without_consent: 0, unreachable: 0 },
  ]);
  expect(platform.members('required')).toEqual(keys(['yes']));
  expect(platform.members('not_refused')).toEqual(keys(['pending', 'unknown', 'yes']));
  expect(platform.members('ignore')).toEqual(keys(['no', 'pending', 'unknown', 'yes']));
});

test('the consent that counts is that of the destination’s channel', async () => {
  const { shop, platform } = openActiveShop(stage, {}, { consent: { channel: 'ads', rule: 'required' } });
  shop.holds([
    aBuyer('ana', {}, { email_consent: 'yes', ads_consent: 'no' }),
    aBuyer('bo', {}, { email_consent: 'no', ads_consent: 'yes' }),
  ]);

  await shop.run(AS_OF);

  expect(platform.members('Active')).toEqual(['email:bo@example.com']);
});

test('a withdrawn consent takes the customer out of the audience', async () => {
  const { shop, platform } = openActiveShop(stage, {
    destinations: [{ type: 'platform', consent: 'required', audiences: [{ segment: 'lifecycle.active' }] }],
  });
  const said = (email_consent: 'yes' | 'no', day: number) =>
    aBuyer('ana', {}, { email_consent, updated_at: `2026-03-0${day}T00:00:00.000Z` });
  shop.holds(said('yes', 1));
  await shop.run(AS_OF);

  shop.holds(said('no', 2));
  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ removed: 1, wanted: 0, without_consent: 1 }]);
  expect(platform.members('Active')).toEqual([]);
});

test('a customer without an e-mail address goes by phone where phones are taken, else is counted', async () => {
  const any = openPlatform({ type: 'any' });
  const mail = openPlatform({ type: 'mail', identifiers: ['email'] });
  const { shop } = openActiveShop(stage, {
    connectors: { any: any.definition, mail: mail.definition },
    destinations: ['any', 'mail'].map((type) => ({ type, audiences: [{ segment: 'lifecycle.active' }] })),
  });
  const phone = '+40722000111';
  const [byPhone, byId] = [
    { email: undefined, phone },
    { email: undefined, customer_id: '7' },
  ];
  shop.holds([
    aBuyer('ana'),
    { orders: [anOrder(byPhone), anOrder(byId)], customers: [aCustomer(byPhone), aCustomer(byId)] },
  ]);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([
    { destination: 'any', customers: 3, wanted: 2, unreachable: 1 },
    { destination: 'mail', customers: 3, wanted: 1, unreachable: 2 },
  ]);
  expect(any.members('Active')).toEqual([...keys(['ana']), `phone:${phone}`]);
  expect(any.audiences.get('Active')?.members.get(`phone:${phone}`)).toMatchObject({ phone });
  expect(mail.members('Active')).toEqual(keys(['ana']));
});

test('a phone that several customers share is one member, added once and kept', async () => {
  const { shop, platform } = openActiveShop(stage);
  const phone = '+40722000111';
  const by = (customer_id: string, first_name: string) => ({
    orders: [anOrder({ customer_id, email: undefined, phone })],
    customers: [aCustomer({ customer_id, email: undefined, phone, first_name })],
  });
  shop.holds([by('1', 'Ana'), by('2', 'Bo'), aBuyer('cy')]);

  const first = await shop.run(AS_OF);
  const second = await shop.run(AS_OF);

  expect(first.audiences).toMatchObject([{ customers: 3, wanted: 2, to_add: 2, added: 2 }]);
  expect(platform.members('Active')).toEqual([...keys(['cy']), `phone:${phone}`]);
  expect(platform.audiences.get('Active')?.members.get(`phone:${phone}`)).toMatchObject({
    first_name: 'Ana',
  });
  expect(second.audiences).toMatchObject([{ wanted: 2, to_add: 0, to_remove: 0, requests: 0 }]);
});

test('one segment can have several audiences, also at several accounts', async () => {
  const { shop, platform } = openActiveShop(stage, {
    destinations: [
      {
        type: 'platform',
        audiences: [
          { segment: 'lifecycle.active', audience: 'Buyers' },
          { segment: 'lifecycle.active', audience: 'Newsletter' },
        ],
      },
      {
        type: 'platform',
        account: 'second',
        audiences: [{ segment: 'lifecycle.active', audience: 'Second' }],
      },
    ],
  });
  shop.holds([aBuyer('ana'), aBuyer('bo')]);

  const { audiences } = await shop.run(AS_OF);

  expect(audiences.map(({ destination, audience, added }) => [destination, audience, added])).toEqual([
    ['platform', 'Buyers', 2],
    ['platform', 'Newsletter', 2],
    ['platform-2', 'Second', 2],
  ]);
  const both = keys(['ana', 'bo']);
  expect(['Buyers', 'Newsletter', 'Second'].map(platform.members)).toEqual([both, both, both]);
});

test('a customer whose address changes is taken out under the old and added under the new one', async () => {
  const { shop, platform } = openActiveShop(stage);
  const known = (email: string, day: number) => ({
    orders: [anOrder({ order_id: 'o', customer_id: '7', email, version: day })],
    customers: [aCustomer({ customer_id: '7', email, updated_at: `2026-03-0${day}T00:00:00.000Z` })],
  });
  shop.holds(known('old@example.com', 1));
  await shop.run(AS_OF);

  shop.holds(known('new@example.com', 2));
  const { audiences } = await shop.run(AS_OF);

  expect(audiences).toMatchObject([{ added: 1, removed: 1, requests: 2 }]);
  expect(platform.members('Active')).toEqual(['email:new@example.com']);
});
