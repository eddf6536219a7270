import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { openShop, type Answer, type Shop } from './shop.ts';

/** Two days between which people move: some come back, some grow cold. */
export const EARLIER = '2026-01-31';
export const LATER = '2026-05-31';

const DAY_MS = 86_400_000;
const LABELS = { top: 'Top', active: 'Active', at_risk: 'At risk', lost: 'Lost' } as const;
type Label = (typeof LABELS)[keyof typeof LABELS];

type Buyer = { email: string; orders: { day: string; amount: number }[] };

/** So many buyers that the lost ones alone fill three of Mailchimp's batches. */
const BUYERS: Buyer[] = Array.from({ length: 1200 }, (_, index) => {
  const first = index < 1060 ? 400 + (index % 300) : index < 1150 ? 95 + (index % 200) : index % 85;
  const orders = [{ day: daysBefore(EARLIER, first), amount: 1000 + index }];
  if (index % 20 === 0) orders.push({ day: daysBefore(LATER, 1 + (index % 80)), amount: 5000 + index });
  return { email: `buyer${index}@example.com`, orders };
});

function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
}

/** The buyers' orders as Shopify exports them. */
function crowdExport(): string {
  const rows = BUYERS.flatMap(({ email, orders }) =>
    orders.map(({ day, amount }) => `${email},paid,EUR,${amount}.00,${amount}.00,${day} 12:00:00 +0000`),
  );
  const lines = rows.map((row, index) => `#${index + 1},${row}`);
  return ['Name,Email,Financial Status,Currency,Subtotal,Total,Created at', ...lines, ''].join('\n');
}

/** Who belongs where on a day, worked out from the definition of lifecycle and not by the program. */
export function membershipOn(day: string): Record<Label, string[]> {
  const age = (other: string) => (Date.parse(day) - Date.parse(other)) / DAY_MS;
  const buyers = BUYERS.map(({ email, orders }) => {
    const known = orders.filter((order) => age(order.day) >= 0);
    const recent = known.filter((order) => age(order.day) < 365);
    return {
      email,
      age: Math.min(...known.map((order) => age(order.day))),
      spent: recent.reduce((sum, order) => sum + order.amount, 0),
    };
  });
  const emails = (chosen: { email: string }[]) => chosen.map(({ email }) => email).toSorted();
  const warm = buyers.filter((buyer) => buyer.age <= 90).toSorted((a, b) => b.spent - a.spent);
  const best = Math.round(warm.length * 0.1);
  return {
    Top: emails(warm.slice(0, best)),
    Active: emails(warm.slice(best)),
    'At risk': emails(buyers.filter((buyer) => buyer.age > 90 && buyer.age <= 365)),
    Lost: emails(buyers.filter((buyer) => buyer.age > 365)),
  };
}

const DESTINATIONS = {
  mailchimp: 'api_key: "${MAILCHIMP_API_KEY}", list_id: sandbox, base_url: "${SANDBOX_URL}"',
  klaviyo: 'api_key: "${KLAVIYO_API_KEY}", base_url: "${SANDBOX_URL}"',
  facebook: 'access_token: "${META_ACCESS_TOKEN}", ad_account_id: act_1, base_url: "${SANDBOX_URL}"',
  csv: 'path: out',
};
export type DestinationType = keyof typeof DESTINATIONS;
const EVERY = Object.keys(DESTINATIONS) as DestinationType[];

/** The environment that the crowd's job reads its keys from. */
const KEYS = {
  MAILCHIMP_API_KEY: 'sandbox-us1',
  KLAVIYO_API_KEY: 'sandbox',
  META_ACCESS_TOKEN: 'sandbox',
};

/** A job that mirrors segments of the crowd to some destinations, without asking for consent. */
function crowdJob(destinations: readonly DestinationType[], { segment = 'lifecycle.*', head = '' }): string {
  const audiences = `consent: ignore, audiences: [{ segment: ${segment} }]`;
  return `name: crowd
timezone: UTC
currency: EUR
${head}
sources:
  - { type: csv, format: shopify, path: orders.csv }
segments: { lifecycle: { model: recency, at_risk_after: 90d, lost_after: 365d } }
destinations:
${destinations.map((type) => `  - { type: ${type}, ${DESTINATIONS[type]}, ${audiences} }`).join('\n')}
`;
}

/** A shop with the crowd's export in `orders.csv` and its job in `job.yaml`. */
export async function openCrowd(
  destinations: readonly DestinationType[] = EVERY,
  options: Parameters<typeof openShop>[0] & { segment?: string; head?: string } = {},
): Promise<Shop> {
  const shop = await openShop({ ...options, env: { ...KEYS, ...options.env } });
  await shop.write('orders.csv', crowdExport());
  await shop.write('job.yaml', crowdJob(destinations, options));
  return shop;
}

/** Makes the next run stand still in its push, for longer than any test needs, unless it is stopped. */
export function holdPush(shop: Shop): void {
  const headers = { 'retry-after': '100' };
  shop.sandbox.fault({ platform: 'klaviyo', method: 'POST', path: 'lists$', status: 429, headers, body: {} });
}

/** What a command answers, once it has ended. */
export async function ended(child: ChildProcess): Promise<Answer & { signal: string | null }> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

/** What the platforms and the CSV files hold, as e-mail addresses; Facebook's as hashes. */
export async function held(shop: Shop): Promise<Record<DestinationType, Record<string, string[]>>> {
  const { mailchimp, klaviyo, facebook } = shop.state();
  const sorted = (audiences: [string, string[]][]) =>
    Object.fromEntries(audiences.map(([name, members]) => [name, members.toSorted()]));
  return {
    mailchimp: sorted(Object.entries(mailchimp.tags)),
    klaviyo: sorted(Object.entries(klaviyo.lists)),
    facebook: sorted(Object.entries(facebook.audiences).map(([name, { members }]) => [name, members])),
    csv: await filesOf(join(shop.folder, 'out')),
  };
}

async function filesOf(folder: string): Promise<Record<string, string[]>> {
  const files: Record<string, string[]> = {};
  for (const name of await readdir(folder).catch(() => [])) {
    const [, ...rows] = (await readFile(join(folder, name), 'utf8')).trimEnd().split(/\r?\n/);
    files[name.replace(/\.csv$/, '')] = rows.map((row) => /[^,"]+@[^,"]+/.exec(row)![0]).toSorted();
  }
  return files;
}

/**
 * Proves that every audience holds exactly who belongs there, and `guests` besides, that the ledger says the same of who
 * belongs there, and that nothing was said of anybody's consent, nor of anybody to the logs.
 */
export async function expectExact(
  shop: Shop,
  wanted: Readonly<Record<string, string[]>>,
  options: {
    destinations?: readonly DestinationType[];
    guests?: Partial<Record<DestinationType, string[]>>;
  } = {},
): Promise<void> {
  const { destinations = EVERY, guests = {} } = options;
  expectDiscreet(shop);
  const [holds, ledger] = [await held(shop), await ledgerOf(shop)];
  const difference = (found: string[] | undefined, expected: string[]) => ({
    missing: expected.filter((one) => !found?.includes(one)),
    unwanted: found?.filter((one) => !expected.includes(one)),
  });
  for (const type of destinations) {
    for (const [name, people] of Object.entries(wanted)) {
      const expected = [...people, ...(guests[type] ?? [])].map(type === 'facebook' ? sha256 : String);
      const nothing = { missing: [], unwanted: [] };
      expect(difference(holds[type][name], expected), `${type} ${name}`).toEqual(nothing);
      expect(difference(ledger[type]?.[name], people), `ledger of ${type} ${name}`).toEqual(nothing);
    }
  }
}

/** Nothing that was sent speaks of consent, and nothing that was printed names anybody, not even by a hash. */
function expectDiscreet(shop: Shop): void {
  const sent = shop.sandbox.exchanges.filter(({ request }) => request.method !== 'GET');
  const spoken = sent.map(({ request }) => `${request.path} ${JSON.stringify(request.body)}`);
  const consent = /subscription|suppression|consent|opt_in|unsubscribed|status_if_new|"status":/;
  expect(spoken.filter((text) => consent.test(text))).toEqual([]);
  const said = shop.said();
  const named = BUYERS.flatMap(({ email }) => [email, sha256(email)]).filter((text) => said.includes(text));
  expect(named).toEqual([]);
  expect(said).not.toContain(KEYS.MAILCHIMP_API_KEY);
}

export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** Whom the store believes to be in each audience, as e-mail addresses. */
export async function ledgerOf(shop: Shop): Promise<Record<string, Record<string, string[]>>> {
  const engine = await openEngine(shop.store);
  try {
    const rows = await engine.query<{ destination: string; name: string; members: string[] }>(
      `SELECT destination, name, arraySort(groupArray(substring(member, length('email:') + 1))) AS members
       FROM (SELECT destination, remote_id, member FROM ledger GROUP BY destination, remote_id, member
             HAVING argMaxIf(op, seq, result = 'done') = 'add') AS l
       INNER JOIN (SELECT destination, name, argMax(remote_id, at) AS remote_id FROM audiences
             GROUP BY destination, name) AS a USING (destination, remote_id)
       GROUP BY destination, name`,
    );
    const ledger: Record<string, Record<string, string[]>> = {};
    for (const { destination, name, members } of rows) (ledger[destination] ??= {})[name] = members;
    return ledger;
  } finally {
    await engine.close();
  }
}
