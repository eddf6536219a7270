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
      segments: { lifecycle: {}, value_engagement: {} },
      destinations: [number % 2 === 0 ? mailchimp(url) : csv(join(folder, 'out'))],
    }),
    { file: join(folder, `${name}.yaml`), env: {} },
  );
  return { job, turn };
}

function mailchimp(base_url: string): object {
  const credentials = { api_key: 'sandbox-us1', list_id: 'sandbox', base_url };
  const audiences = [{ segment: 'lifecycle.*', tag: '{job} {label}', holdout: 0.1 }];
  return { type: 'mailchimp', ...credentials, consent: 'ignore', audiences };
}

function csv(path: string): object {
  return { type: 'csv', path, audiences: [{ segment: 'value_engagement.*', file: '{job} {label}' }] };
}
