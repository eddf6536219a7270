import { describe, expect, test } from 'vitest';
import { openStand, settled } from './shopify-stand.ts';

describe('a customer', () => {
  test('comes with name, address, tags and the consent of each channel', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({
      id: 7,
      updatedAt: '2026-03-01T12:00:00Z',
      email: 'Ana@Example.com',
      emailState: 'SUBSCRIBED',
      phone: '+40721000111',
      smsState: 'UNSUBSCRIBED',
      firstName: 'Ana',
      lastName: 'Pop',
      address: { city: 'Cluj', province: 'Cluj', zip: '400001', country: 'RO' },
      tags: ['vip'],
    });

    const { customers } = await pull();

    expect(customers).toEqual([
      {
        customer_id: '7',
        email: 'ana@example.com',
        phone: '+40721000111',
        first_name: 'Ana',
        last_name: 'Pop',
        city: 'Cluj',
        region: 'Cluj',
        zip: '400001',
        country: 'RO',
        email_consent: 'yes',
        sms_consent: 'no',
        ads_consent: 'unknown',
        tags: ['vip'],
        updated_at: '2026-03-01T12:00:00.000Z',
      },
    ]);
  });

  test.each([
    ['SUBSCRIBED', 'yes'],
    ['PENDING', 'pending'],
    ['NOT_SUBSCRIBED', 'no'],
    ['UNSUBSCRIBED', 'no'],
    ['INVALID', 'no'],
    ['SOMETHING_NEW', 'unknown'],
  ])('in the state %s has consented: %s', async (emailState, email_consent) => {
    const { shop, pull } = await openStand();
    shop.putCustomer({ id: 1, email: 'ana@example.com', emailState });

    const { customers } = await pull();

    expect(customers).toMatchObject([{ email_consent, sms_consent: 'unknown' }]);
  });

  test('who opted out of having data sold is not for advertising', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({ id: 1, email: 'ana@example.com', dataSaleOptOut: true });

    expect((await pull()).customers).toMatchObject([{ ads_consent: 'no' }]);
  });

  test('who was erased keeps an id and refuses everything', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({
      id: 1,
      emailState: 'REDACTED',
      firstName: 'left',
      lastName: 'over',
      tags: ['ana@example.com'],
    });

    const { customers, warnings } = await pull();

    expect(customers).toEqual([
      {
        customer_id: '1',
        redacted: true,
        updated_at: expect.any(String),
        email_consent: 'no',
        sms_consent: 'no',
        ads_consent: 'no',
        tags: [],
      },
    ]);
    expect(warnings[0]).toContain('were erased at Shopify');
  });
});

test('a product has the category of the taxonomy, else its type', async () => {
  const { shop, pull } = await openStand();
  shop.putProduct({ id: 1, type: 'Schuhe', category: 'Sandals' });
  shop.putProduct({ id: 2, type: 'Schuhe' });
  shop.putProduct({ id: 3 });
  shop.putOrder({ id: 1, lines: [{ id: 1, product: 1, price: 1 }] });

  const { products, lines } = settled(await pull());

  expect(products.map((product) => product.category)).toEqual(['Sandals', 'Schuhe', undefined]);
  expect(lines[0]).toMatchObject({ category: 'Sandals' });
});
