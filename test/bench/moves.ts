import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import {
  sandboxes,
  serveSandbox,
  type Sandbox,
  type SandboxPerson,
  type SandboxRequest,
} from '../../connectors/index.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import type { RunReport } from '../../src/run/report.ts';
import { runJob } from '../../src/run/run.ts';

/** Who is in the audience on which days: everybody is for 90 days from each of their orders. */
export type Mover = { email: string; ordered: readonly string[] };

/** Two days between which people move, and orders that keep them in the audience on one of them or on both. */
export const DAYS = { before: '2026-06-01', after: '2026-07-01' };
export const ORDERED = { stays: '2026-05-25', leaves: '2026-03-20', joins: '2026-06-20' };

/** So many people of a kind, with orders on these days. */
export function movers(kind: string, count: number, ...ordered: string[]): Mover[] {
  return Array.from({ length: count }, (_, index) => ({ email: `${kind}${index}@example.com`, ordered }));
}

const SETTINGS = {
  mailchimp: 'api_key: sandbox-us1, list_id: sandbox',
  klaviyo: 'api_key: sandbox',
  facebook: 'access_token: sandbox, ad_account_id: act_1',
};
export type PlatformName = keyof typeof SETTINGS;
export const PLATFORMS = Object.keys(SETTINGS) as PlatformName[];

/** A destination of a job file, with one audience. */
export function destinationText(platform: PlatformName, url: string, segment: string): string {
  return `{ type: ${platform}, ${SETTINGS[platform]}, base_url: '${url}', consent: ignore, audiences: [{ segment: ${segment} }] }`;
}

/** A shop whose customers move as their orders say, its job, and the platforms it sends to. */
export type MovingShop = {
  sandbox: Sandbox;
  run(as_of: string, options?: { send: boolean }): Promise<RunReport>;
  /** Requests so far that wrote, and those that looked people up, as the platform counted them. */
  requests(platform: PlatformName): { writes: number; lookups: number };
  /** Who is in the audience there: addresses, Facebook's as hashes, sorted. */
  members(platform: PlatformName): string[];
  [Symbol.asyncDispose](): Promise<void>;
};

type Watch = {
  platforms?: readonly PlatformName[];
  /** The contacts of the Mailchimp list; without them it takes everybody. */
  people?: SandboxPerson[];
  /** Called with each request that a platform gets. */
  seen?(request: SandboxRequest): unknown;
};

export async function openMovingShop(
  folder: string,
  all: readonly Mover[],
  { platforms = PLATFORMS, people, seen }: Watch = {},
): Promise<MovingShop> {
  const place = await mkdtemp(join(folder, 'moves-'));
  const opened = await Promise.all(Object.values(sandboxes).map((open) => open({ people })));
  const watched = opened.map((platform) => ({
    ...platform,
    handle(request: SandboxRequest) {
      seen?.(request);
      return platform.handle(request);
    },
  }));
  const sandbox = await serveSandbox(watched);
  const engine = await openEngine({ state: join(place, 'state'), idle_seconds: 1 });
  await createTables(engine);
  await writeOrders(join(place, 'orders.csv'), all);
  const job = parseJob(jobText(platforms, sandbox.url), { file: join(place, 'job.yaml'), env: {} });
  return {
    sandbox,
    async run(as_of, { send } = { send: true }) {
      const quiet = { state: place, signal: new AbortController().signal, log: () => undefined };
      const report = await runJob(engine, job, { ...quiet, as_of, send });
      if (report.status !== 'done') throw new Error(JSON.stringify(report.error ?? report.audiences));
      return report;
    },
    requests: (platform) => counted(sandbox.requests()[platform] ?? {}),
    members: (platform) => activeMembers(sandbox.state(), platform),
    async [Symbol.asyncDispose]() {
      await engine.close();
      await sandbox.close();
    },
  };
}

/** Counts of requests by their method and path. */
function counted(routes: Readonly<Record<string, number>>): { writes: number; lookups: number } {
  const sum = (matches: (route: string) => boolean) =>
    Object.entries(routes).reduce((total, [route, count]) => total + (matches(route) ? count : 0), 0);
  return {
    writes: sum((route) => !route.startsWith('GET ')),
    lookups: sum((route) => route === 'GET /profiles'),
  };
}

/** Who is in the audience Active by the state of the imitation platforms: addresses, Facebook's as hashes, sorted. */
export function activeMembers(state: unknown, platform: PlatformName): string[] {
  const { mailchimp, klaviyo, facebook } = state as {
    mailchimp: { tags: Record<string, string[]> };
    klaviyo: { lists: Record<string, string[]> };
    facebook: { audiences: Record<string, { members: string[] }> };
  };
  const held = {
    mailchimp: mailchimp.tags.Active,
    klaviyo: klaviyo.lists.Active,
    facebook: facebook.audiences.Active?.members,
  };
  return (held[platform] ?? []).toSorted();
}

async function writeOrders(path: string, all: readonly Mover[]): Promise<void> {
  const out = createWriteStream(path);
  out.write('id,mail,date,amount\n');
  for (const { email, ordered } of all) {
    for (const day of ordered) {
      const row = `${email} ${day},${email},${day},10.00\n`;
      if (!out.write(row)) await once(out, 'drain');
    }
  }
  out.end();
  await finished(out);
}

function jobText(platforms: readonly PlatformName[], url: string): string {
  const to = platforms.map((platform) => `  - ${destinationText(platform, url, 'lifecycle.active')}`);
  return `
name: moves
currency: EUR
guard: { max_removed_share: 1, max_added_share: 1000, max_new_customers: 1 }
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: date, total: amount }
segments: { lifecycle: { model: recency, at_risk_after: 90d, lost_after: 365d, top_share: 0 } }
destinations:
${to.join('\n')}
`;
}
