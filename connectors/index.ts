import { clickhouse } from './clickhouse/source.ts';
import { csvDestination } from './csv/destination.ts';
import { csvSource } from './csv/source.ts';
import type { DestinationDefinition } from './destination.ts';
import { filesSource } from './files/source.ts';
import { facebook } from './facebook/schema.ts';
import { klaviyo } from './klaviyo/schema.ts';
import { klaviyoSource } from './klaviyo/source.ts';
import { mailchimp } from './mailchimp/schema.ts';
import { mailchimpSource } from './mailchimp/source.ts';
import { mysql } from './mysql/source.ts';
import { postgres } from './postgres/source.ts';
import { shopify } from './shopify/source.ts';
import type { SandboxOptions, SandboxPlatform } from './sandbox.ts';
import type { SourceDefinition } from './source.ts';
import { woocommerce } from './woocommerce/source.ts';

export { FIELDS, NEEDED, type Field, type Records } from './columns.ts';
export * from './destination.ts';
export * from './error.ts';
export { ERROR_CATALOGUE, ERRORS } from './errors/catalogue.ts';
export * from './reasons.ts';
export { localOffsets, QUARTER_MS } from './local-time.ts';
export { missingColumn } from './missing-column.ts';
export { PEEKED_ROWS, type Peek } from './peek.ts';
export * from './records.ts';
export { FORMULA } from './spreadsheet.ts';
export { serveSandbox, type Sandbox } from './sandbox-server.ts';
export type * from './sandbox.ts';
export * from './source.ts';
export type * from './table.ts';
export { onWait } from './waits.ts';
export { ANSWERS, CONSENT_WORDS, meaningsOf, type Meaning } from './words.ts';

/** Every kind of source a job file may name, by `type`. */
export const sources: Record<string, SourceDefinition> = {
  csv: csvSource,
  files: filesSource,
  shopify,
  woocommerce,
  mailchimp: mailchimpSource,
  klaviyo: klaviyoSource,
  postgres,
  mysql,
  clickhouse,
};

/** Every kind of destination a job file may name, by `type`. */
export const destinations: Record<string, DestinationDefinition> = {
  mailchimp,
  klaviyo,
  facebook,
  csv: csvDestination,
};

type OpenSandbox = (options: SandboxOptions) => Promise<SandboxPlatform>;

/** The imitation platforms; each is loaded only when it is asked for. */
export const sandboxes = {
  mailchimp: async (options: SandboxOptions) =>
    (await import('./mailchimp/sandbox.ts')).mailchimpSandbox(options),
  klaviyo: async (options: SandboxOptions) => (await import('./klaviyo/sandbox.ts')).klaviyoSandbox(options),
  facebook: async (options: SandboxOptions) =>
    (await import('./facebook/sandbox.ts')).facebookSandbox(options),
  shopify: async (options: SandboxOptions) =>
    (await import('./shopify/sandbox-sample.ts')).sampleShopify(options),
  woocommerce: async (options: SandboxOptions) =>
    (await import('./woocommerce/sandbox.ts')).woocommerceSandbox(options),
} satisfies Partial<Record<SandboxPlatform['name'], OpenSandbox>>;
export { amountOf, unitsOf } from './money.ts';
