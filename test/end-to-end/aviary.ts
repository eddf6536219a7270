import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxRequest } from '../../connectors/index.ts';
import { openCrowd, sha256 } from './crowd.ts';
import type { Shop } from './shop.ts';

/** What must never show. Some have signs that are written otherwise in an address. */
export const SECRETS = {
  MAILCHIMP_API_KEY: 'canary0mailchimp0key-us1',
  KLAVIYO_API_KEY: 'canary0klaviyo0key',
  META_ACCESS_TOKEN: 'canary0meta/token+0=',
  ENGINE_PASSWORD: 'canary0engine0password',
  SHOPIFY_TOKEN: 'canary0shopify+token',
  WOO_SECRET: 'canary0woo/secret',
  DATABASE_URL: 'postgres://birds:canary0database0password@127.0.0.1:9/birds',
};
export const ADDRESSES = ['linnet', 'siskin', 'brambling', 'bunting', 'bird0', 'bird1', 'bird2', 'bird3'].map(
  (name) => `${name}@aviary.example`,
);
export const PHONES = ['+40721000111', '0721000222', '+40 721 000 333'];

const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');

/** A text as addresses, headers and hashes have it. Where others stand before it, base64 has it in two more ways. */
function formsOf(text: string): string[] {
  const shifted = [1, 2].map((bytes) => base64(`${' '.repeat(bytes)}${text}`).slice(bytes + 1, -1));
  return [text, encodeURIComponent(text), base64(text).slice(0, -1), ...shifted, sha256(text)];
}

/** Secrets in all their forms; of the address of a database the password alone counts too. */
export const SECRET_FORMS = [...Object.values(SECRETS), 'canary0database0password'].flatMap(formsOf);

/** People in all their forms. */
export const PERSON_FORMS = [
  ...ADDRESSES.flatMap(formsOf),
  'aviary.example',
  ...PHONES.flatMap(formsOf),
  '721000111',
  '721000222',
  '721 000 333',
  'Fringilla',
];

/** A Shopify export with one row of each kind of trouble. */
export const EXPORT = [
  'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Phone,Billing Name,Billing Country',
  `#1,${ADDRESSES[0]},paid,EUR,20.00,20.00,2024-03-01 10:00:00 +0000,${PHONES[0]},Ana Fringilla,RO`,
  `#2,${ADDRESSES[1]},paid,EUR,20.00,20.00,2024-03-02 10:00:00 +0000,${PHONES[1]},Ion Fringilla,RO`,
  `#3,,paid,EUR,20.00,20.00,2024-03-03 10:00:00 +0000,${PHONES[2]},Eva Fringilla,RO`,
  `#4,${ADDRESSES[2]},paid,EUR,${ADDRESSES[2]},20.00,2024-03-04 10:00:00 +0000,,Mia Fringilla,RO`,
  `#5,"${ADDRESSES[3]} <${ADDRESSES[3]}>",paid,EUR,20.00,20.00,${ADDRESSES[3]},,Leo Fringilla,RO`,
  '',
].join('\n');

/** The platforms know their own credentials only, so these stand for them. */
function rewrite(request: SandboxRequest): SandboxRequest {
  const { authorization = '' } = request.headers;
  const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  const query = new URLSearchParams(request.query);
  if (query.get('access_token') === SECRETS.META_ACCESS_TOKEN) query.set('access_token', 'sandbox');
  const known = authorization.startsWith('Basic ')
    ? `Basic ${Buffer.from(basic.replace(SECRETS.MAILCHIMP_API_KEY, 'sandbox-us1')).toString('base64')}`
    : authorization.replace(SECRETS.KLAVIYO_API_KEY, 'sandbox');
  return { ...request, query, headers: { ...request.headers, authorization: known } };
}

/** A shop whose people and keys are canaries. */
export async function openAviary(): Promise<Shop> {
  const shop = await openCrowd(undefined, {
    env: SECRETS,
    rewrite,
    segment: 'lifecycle.lost',
    head: 'schedule: "0 5 * * *"',
  });
  await shop.write('orders.csv', EXPORT);
  await mkdir(join(shop.folder, 'config'));
  await shop.write('config/settings.yaml', 'engine: { password: "${ENGINE_PASSWORD}" }\n');
  return shop;
}
