import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** The last day of the generated shop. */
export const AS_OF = '2026-11-15';

/** Writes a file of so many orders by an eighth as many customers, some of whom buy far more often than others. */
export async function writeShop(path: string, orders: number): Promise<void> {
  const random = randomFrom(7);
  const customers = Math.ceil(orders / 8);
  const out = createWriteStream(path);
  out.write('id,mail,date,amount,consent\n');
  for (let order = 0; order < orders; order += 1) {
    const who = Math.floor(random() ** 2 * customers);
    const day = new Date(Date.parse(AS_OF) - Math.floor(random() * 1000) * 86_400_000);
    const amount = (5 + random() * 200).toFixed(2);
    const row = `o${order},shopper${who}@example.com,${day.toISOString()},${amount},yes\n`;
    if (!out.write(row)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

/** A small generator with a seed of its own, so that two runs see the same shop. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A job on `orders.csv` beside it that sends to every type of destination. */
export function jobText(url: string): string {
  return `
name: bench
currency: EUR
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: date, total: amount, accepts_marketing: consent }
destinations:
  - { type: mailchimp, api_key: sandbox-us1, list_id: sandbox, base_url: '${url}', audiences: [{ segment: value_engagement.* }] }
  - { type: klaviyo, api_key: sandbox, base_url: '${url}', audiences: [{ segment: lifecycle.* }] }
  - { type: facebook, access_token: sandbox, ad_account_id: act_1, base_url: '${url}', audiences: [{ segment: lifecycle.* }] }
  - { type: csv, path: out, audiences: [{ segment: lifecycle.* }] }
`;
}
