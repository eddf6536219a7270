import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import {
  sandboxes,
  serveSandbox,
  SyncError,
  type Sandbox,
  type SandboxOptions,
  type SandboxPerson,
} from '../../connectors/index.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { listening } from './listen.ts';

/** `sandbox`: serves the imitation platforms until it is stopped. */
export async function sandbox(
  context: CommandContext,
  options: { port?: number; people?: string },
): Promise<ExitCode> {
  const people = options.people ? await readPeople(options.people) : undefined;
  const served = await listening(options.port, openSandbox({ people, port: options.port, sample: true }));
  context.print(context.json ? JSON.stringify({ url: served.url }) : greeting(served.url));
  if (!context.signal.aborted) await once(context.signal, 'abort');
  await served.close();
  return EXIT.done;
}

/** Serves the imitation platforms on one loopback origin. */
export async function openSandbox({
  port,
  ...options
}: Pick<SandboxOptions, 'people' | 'sample'> & { port?: number }): Promise<Sandbox> {
  const platforms = await Promise.all(Object.values(sandboxes).map((open) => open(options)));
  return serveSandbox(platforms, { port });
}

async function readPeople(file: string): Promise<SandboxPerson[]> {
  const people: SandboxPerson[] = [];
  try {
    // The error of either stream ends the iteration below.
    const rows = pipeline(createReadStream(file), parse({ bom: true, columns: true, trim: true }), () => {});
    for await (const row of rows as AsyncIterable<Record<string, string>>) {
      if (row.email) people.push({ email: row.email, status: row.status || 'subscribed' });
    }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it is no CSV file';
    throw new SyncError(
      {
        code: 'ARGUMENT_WRONG',
        what: `${file} cannot be read: ${why}.`,
        fix: 'Give a CSV file with the columns email and status.',
      },
      { cause: error },
    );
  }
  if (people.length > 0) return people;
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `${file} names nobody.`,
    fix: 'Give a CSV file with the columns email and status.',
  });
}

function greeting(url: string): string {
  return [
    `Imitation platforms at ${url}`,
    '',
    '  mailchimp: { base_url, api_key: sandbox-us1, list_id: sandbox }',
    '  klaviyo:   { base_url, api_key: sandbox }',
    '  facebook:  { base_url, access_token: sandbox, ad_account_id: act_1 }',
    '  shopify:   { base_url, access_token: sandbox, shop: sandbox }',
    '  woocommerce: { url, consumer_key: sandbox, consumer_secret: sandbox }',
    '',
    `  GET ${url}/_state      what they hold`,
    `  GET ${url}/_requests   requests so far`,
    `  POST ${url}/_faults    injects a fault`,
  ].join('\n');
}
