import type { SandboxOptions } from '../sandbox.ts';
import { shopifySandbox, type ShopifySandbox } from './sandbox.ts';

const PRODUCTS = [
  ['Sandals', 'Shoes', 4_900],
  ['Boots', 'Shoes', 12_900],
  ['Linen shirt', 'Shirts', 5_900],
  ['Straw hat', 'Hats', 2_900],
  ['Beach bag', 'Bags', 3_900],
] as const;
const NAMES = ['Ana', 'Ion', 'Eva', 'Mia', 'Leo', 'Ada', 'Dan', 'Ivo', 'Kim', 'Lea', 'Max', 'Tom'] as const;
const STATES = ['SUBSCRIBED', 'SUBSCRIBED', 'SUBSCRIBED', 'NOT_SUBSCRIBED', 'UNSUBSCRIBED'] as const;
const ORDERS = 60;
const DAY_MS = 86_400_000;

/** The sandbox with a small shop in it, the same every time: what `sandbox` serves to whoever has no account. */
export function sampleShopify(options: SandboxOptions): ShopifySandbox {
  const shop = shopifySandbox(options);
  const next = numbers(20_261_129);
  const start = (options.now ?? Date.now)() - 400 * DAY_MS;
  const at = (days: number) => new Date(start + days * DAY_MS).toISOString();

  PRODUCTS.forEach(([title, type], index) => {
    const collections = index < 2 ? ['Footwear', 'Summer'] : ['Summer'];
    shop.putProduct({ id: index + 1, title, type, vendor: 'Tide', collections, updatedAt: at(0) });
  });
  NAMES.forEach((firstName, index) => {
    const email = `${firstName.toLowerCase()}@example.com`;
    const emailState = STATES[index % STATES.length];
    const address = { city: 'Cluj-Napoca', zip: '400001', country: 'RO' };
    shop.putCustomer({
      id: index + 1,
      firstName,
      lastName: 'Pop',
      email,
      emailState,
      address,
      updatedAt: at(0),
    });
  });
  for (let id = 1; id <= ORDERS; id += 1) {
    const customer = 1 + next(NAMES.length);
    const [title, , price] = PRODUCTS[next(PRODUCTS.length)]!;
    const product = PRODUCTS.findIndex((one) => one[0] === title) + 1;
    const tax = Math.round((price * 19) / 119);
    const line = {
      id: 1000 + id,
      product,
      sku: title.toUpperCase().replace(' ', '-'),
      title,
      vendor: 'Tide',
      price,
      tax,
    };
    const isBack = id % 15 === 0;
    const day = at((id * 395) / ORDERS);
    shop.putOrder({
      id,
      name: `#${1000 + id}`,
      processedAt: day,
      customer,
      email: `${NAMES[customer - 1]!.toLowerCase()}@example.com`,
      billing: { city: 'Cluj-Napoca', zip: '400001', country: 'RO' },
      status: isBack ? 'REFUNDED' : 'PAID',
      lines: [line],
      refunds: isBack ? [{ id, at: day, amount: price, goods: price }] : [],
    });
  }
  return shop;
}

/** Whole numbers below a limit, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}
