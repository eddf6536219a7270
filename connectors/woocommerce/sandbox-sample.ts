import { gmtText, type SandboxLine, type SandboxShop } from './sandbox-shop.ts';

const PEOPLE = [
  'Ana Popescu',
  'Ion Ionescu',
  'Maria Stan',
  'Eva Novak',
  'Jan Kowalski',
  'Lena Vogel',
  'Paul Roux',
];
const GOODS = [
  ['Sandals', 'SAN', 'Sandals', 49],
  ['Sneakers', 'SNE', 'Shoes', 89],
  ['Straw hat', 'HAT', 'Hats &amp; Caps', 25],
  ['Cap', 'CAP', 'Hats &amp; Caps', 19],
  ['Laces', 'LAC', 'Shoes', 4],
] as const;
const STATES = ['completed', 'completed', 'completed', 'processing', 'on-hold', 'cancelled', 'pending'];

const ORDERS = 60;
const DAY_MS = 86_400_000;
const DAYS_BETWEEN = 9;
/** 19 % tax. */
const TAX = 0.19;

/**
 * Puts a small shop of always the same orders into the sandbox, the last of them a few days old, for people who try
 * the source without an account.
 */
export function fillSample(shop: SandboxShop, now: number): void {
  const first = now - (ORDERS + 1) * DAYS_BETWEEN * DAY_MS;
  const random = randoms(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const shoes = shop.putCategory({ name: 'Shoes' });
  const categories = new Map([
    ['Shoes', shoes],
    ['Sandals', shop.putCategory({ name: 'Sandals', parent: shoes.id })],
    ['Hats &amp; Caps', shop.putCategory({ name: 'Hats &amp; Caps', slug: 'hats-caps' })],
  ]);
  const products = GOODS.map(([name, sku, category, price]) => ({
    price,
    ...shop.putProduct({
      name,
      sku,
      categories: [categories.get(category)!],
      date_created_gmt: gmtText(first),
      date_modified_gmt: gmtText(first),
    }),
  }));
  const people = PEOPLE.map((name, index) => {
    const [first_name = '', last_name = ''] = name.split(' ');
    const email = `${name.replace(' ', '.').toLowerCase()}@example.com`;
    const billing = { first_name, last_name, email, city: 'Cluj', postcode: '400001', country: 'RO' };
    // The last two never made an account.
    const account =
      index < PEOPLE.length - 2
        ? shop.putCustomer({ email, first_name, last_name, billing, date_created_gmt: gmtText(first) }).id
        : 0;
    return { billing, account };
  });
  let item = 0;
  for (let number = 0; number < ORDERS; number += 1) {
    const { billing, account } = pick(people);
    const line_items = Array.from({ length: 1 + Math.floor(random() * 2) }, (): SandboxLine => {
      const { id: product_id, name, sku, price } = pick(products);
      const quantity = 1 + Math.floor(random() * 2);
      item += 1;
      return {
        id: item,
        name,
        product_id,
        variation_id: 0,
        quantity,
        sku,
        total: (price * quantity).toFixed(2),
      };
    });
    const net = line_items.reduce((sum, { total }) => sum + Number(total), 0);
    const at = first + number * DAYS_BETWEEN * DAY_MS + Math.floor(random() * 200) * 3_600_000;
    const order = shop.put({
      status: pick(STATES),
      customer_id: account,
      billing,
      line_items,
      date_created_gmt: gmtText(at),
      date_modified_gmt: gmtText(at + DAY_MS),
      total_tax: (net * TAX).toFixed(2),
      total: (net * (1 + TAX)).toFixed(2),
    });
    if (number % 12 === 5) {
      shop.refund(order.id, { amount: order.total, date_created_gmt: gmtText(at + 2 * DAY_MS) });
      shop.change(order.id, { status: 'refunded', date_modified_gmt: gmtText(at + 2 * DAY_MS) });
    }
  }
}

/** The same numbers between 0 and 1 for the same seed (Park and Miller, 1988). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
