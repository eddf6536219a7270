import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJob, type Job } from '../../src/job/load.ts';

const CUSTOMERS = 60;
const ORDERS = 300;
const DAY_MS = 86_400_000;

/** A small shop whose orders are dated anew in turn, so that it stays as large and its customers move all the time. */
export type SoakShop = { job: Job; turn(now: number): Promise<void> };

/** @param url where the sandbox is */
export async function openSoakShop(folder: string, url: string, number: number): Promise<SoakShop> {
  const name = `soak-${number}`;
  const file = join(folder, `${name}.csv`);
  const dates = Array.from({ length: ORDERS }, (_, index) => ({ at: 0, customer: index % CUSTOMERS }));
  let turns = 0;

  async function turn(now: number): Promise<void> {
    if (turns === 0) dates.forEach((order, index) => (order.at = now - (index + 1) * 3 * DAY_MS));
    const next = dates[turns % ORDERS]!;
    // Not everybody buys as often, so that segments differ.
    Object.assign(next, { at: now - DAY_MS / 2, customer: (turns * turns * 7 + turns) % CUSTOMERS });
    turns += 1;
    const rows = dates.map(({ at, customer }, index) => {
      const goods = `${10 + ((index * 37) % 90)}.00`;
      const when = new Date(at).toISOString();
      return `o${index},c${customer},buyer${customer}@shop${number}.example,${when},${goods},Category ${index % 5}`;
    });
    const text = ['id,client,mail,date,total,category', ...rows, ''].join('\n');
    await writeFile(file, text);
  }

  const job = parseJob(
    JSON.stringify({
      name,
      currency: 'EUR',
      guard: { max_removed_share: 1, max_added_share: 1000, min_members: 0 },
      sources: [
        {
          type: 'csv',
          records: 'orders',
          path: file,
          dates: 'iso',
          columns: {
            order_id: 'id',
            customer_id: 'client',
            email: 'mail',
            ordered_at: 'date',
            total: 'total',
          },
        },
      ],
      ...KINDS[number % KINDS.length]!(url, folder),
    }),
    { file: join(folder, `${name}.yaml`), env: {} },
  );
  return { job, turn };
}

/** One model and one platform each, so that a run is short and every connector lives long. */
const KINDS: ((base_url: string, folder: string) => object)[] = [
  (base_url) => {
    const audiences = [{ segment: 'lifecycle.*', tag: '{job} {label}', holdout: 0.1 }];
    const key = { api_key: 'sandbox-us1', list_id: 'sandbox', base_url };
    const mailchimp = { type: 'mailchimp', ...key, consent: 'ignore', audiences };
    return { segments: { lifecycle: {} }, destinations: [mailchimp] };
  },
  (_, folder) => {
    const audiences = [{ segment: 'value_engagement.*', file: '{job} {label}' }];
    const csv = { type: 'csv', path: join(folder, 'out'), audiences };
    return { segments: { value_engagement: {} }, destinations: [csv] };
  },
  (base_url) => {
    const recent = { name: 'recent', where: { field: 'days_since_order', below: 30 } };
    const audiences = [{ segment: 'custom.recent', list: '{job} {label}' }];
    const klaviyo = { type: 'klaviyo', api_key: 'sandbox', base_url, consent: 'ignore', audiences };
    return { segments: { custom: [recent] }, destinations: [klaviyo] };
  },
  (base_url) => {
    const audiences = [{ segment: 'engagement.*', audience: '{job} {label}' }];
    const key = { access_token: 'sandbox', ad_account_id: 'act_1', base_url };
    const facebook = { type: 'facebook', ...key, audiences };
    return { segments: { engagement: {} }, destinations: [facebook] };
  },
];
