import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { onTestFinished } from 'vitest';
import {
  sandboxes,
  serveSandbox,
  type Sandbox,
  type SandboxPerson,
  type SandboxPlatform,
  type SandboxReply,
  type SandboxRequest,
} from '../../connectors/index.ts';
import type { EngineSettings } from '../../src/engine/engine.ts';
import { segmentsOf } from '../../src/job/segments.ts';
import type { RunReport } from '../../src/run/report.ts';
import { openTestStore, type ServerStore } from '../engine/places.ts';
import { isAlive, ownerPid } from '../engine/state-dir.ts';

const CLI = resolve('src/cli.ts');

/** The figures of papers and the real exports; beside the project, absent from a clone of the project alone. */
export const REFERENCE = resolve('../shared/reference');

export type Answer = { code: number | null; stdout: string; stderr: string };

type SandboxState = {
  mailchimp: { tags: Record<string, string[]> };
  klaviyo: { lists: Record<string, string[]> };
  facebook: { audiences: Record<string, { id: string; members: string[] }> };
};

/** A folder with a job file, a store and imitation platforms; all gone when the test ends. */
export type Shop = {
  folder: string;
  sandbox: Sandbox;
  /** Where its store is: in the folder, or with TEST_STORE=server on a server. */
  store: EngineSettings;
  /** Kills the engine process, or the server, which is back in a moment, with all that runs there. */
  killEngine(): void;
  /** On a server, lets the minute pass for which a process that was killed keeps its job. */
  endLeases(): Promise<void>;
  /** Calls at the so many-th insert that the store takes; the first tells that a run began, the next are records. */
  atInsert(count: number, action: () => void): Promise<void>;
  /** What commands find in their environment. */
  env: Record<string, string | undefined>;
  state(): SandboxState;
  /** Requests so far that write, on all platforms. */
  writes(): number;
  /** Calls once the platforms have taken so many more requests that write, before the last one is answered. */
  afterWrites(count: number, action: () => void): void;
  write(name: string, text: string): Promise<void>;
  /** Runs a command as a user would, in a process of its own; `job.yaml` is written with `job(…)` before. */
  cli(...args: string[]): Promise<Answer>;
  /** Everything that commands have printed so far. */
  said(): string;
  /** Runs a command with `--json` and reads its answer. */
  json<Result = RunReport>(...args: string[]): Promise<Result>;
  start(...args: string[]): ChildProcess;
};

export async function openShop(
  options: {
    people?: SandboxPerson[];
    env?: Record<string, string>;
    /** What a platform sees instead of a request. */
    rewrite?(request: SandboxRequest): SandboxRequest;
    /** Fills a platform before anything else happens. */
    prepare?(platform: SandboxPlatform): void;
    /** Stands between a platform and its requests. */
    between?(platform: SandboxPlatform, request: SandboxRequest): SandboxReply;
    /** Has its store on a server; else TEST_STORE says. */
    server?: ServerStore;
    /** Keeps an answer back. */
    delay?(): Promise<void> | undefined;
    /** Takes what closes the shop; it closes when the test ends unless given. */
    atEnd?(close: () => Promise<void>): void;
  } = {},
): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const platforms = await Promise.all(
    Object.values(sandboxes).map((open) => open({ people: options.people })),
  );
  for (const platform of platforms) options.prepare?.(platform);
  let awaited: { left: number; action(): void } | undefined;
  const { atEnd = onTestFinished, between = (platform, request) => platform.handle(request) } = options;
  const watched = platforms.map((platform) => ({
    ...platform,
    handle(request: SandboxRequest) {
      const reply = between(platform, options.rewrite?.(request) ?? request);
      if (request.method !== 'GET' && awaited && --awaited.left === 0) awaited.action();
      return reply;
    },
  }));
  const sandbox = await serveSandbox(watched, { keep_exchanges: true, delay: options.delay });
  const server = options.server ?? (await openTestStore());
  if (server) {
    await mkdir(join(folder, 'config'));
    await writeFile(join(folder, 'config/settings.yaml'), JSON.stringify({ engine: server.settings }));
  }
  const env: Shop['env'] = {
    ...process.env,
    SANDBOX_URL: sandbox.url,
    SEGMENT_SYNC_STATE: join(folder, 'state'),
    ...options.env,
  };
  const base = { cwd: folder, env };
  atEnd(async () => {
    stopEngine(folder);
    await server?.leave();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const said: string[] = [];
  const cli = (...args: string[]): Promise<Answer> =>
    new Promise((done) => {
      execFile(process.execPath, [CLI, ...args], { ...base, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        said.push(stdout, stderr);
        done({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      });
    });
  return {
    folder,
    sandbox,
    store: server?.settings ?? { state: join(folder, 'state'), idle_seconds: 1 },
    killEngine: () => (server ? void server.door.shut().then(server.door.open) : stopEngine(folder)),
    endLeases: async () => server?.sql('TRUNCATE TABLE IF EXISTS leases'),
    atInsert: async (count, action) => {
      const pass = { at: /^INSERT INTO \w+ FORMAT/ };
      if (!server) return atSpooledInsert(folder, count, action);
      for (let left = count; left > 1; left -= 1) server.door.next(pass);
      server.door.next({ ...pass, meanwhile: action });
    },
    env,
    cli,
    said: () => said.join('\n'),
    state: () => sandbox.state() as SandboxState,
    writes: () => sandbox.exchanges.filter(({ request }) => request.method !== 'GET').length,
    afterWrites: (count, action) => {
      awaited = { left: count, action };
    },
    write: (name, text) => writeFile(join(folder, name), text),
    json: async <Result>(...args: string[]) => {
      const { stdout, stderr } = await cli(...args, '--json');
      if (!stdout) throw new Error(`No answer on stdout; stderr: ${stderr}`);
      return JSON.parse(stdout) as Result;
    },
    start: (...args) =>
      spawn(process.execPath, [CLI, ...args], { ...base, stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}

/** The engine process would leave by itself in a minute; a test does not wait for it. */
function stopEngine(folder: string): void {
  const pid = ownerPid(join(folder, 'state'));
  if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** Inserts pass through files in the spool directory. */
async function atSpooledInsert(folder: string, count: number, then: () => void): Promise<void> {
  const spool = join(folder, 'state', 'spool');
  await mkdir(spool, { recursive: true, mode: 0o700 });
  const seen = new Set<string | null>();
  const watcher = watch(spool, (_, name) => {
    if (!name?.endsWith('.rows')) return;
    if (seen.add(name).size < count) return;
    watcher.close();
    then();
  });
}

/** Tests take leaps in time that no daily job does. */
const UNGUARDED =
  'guard: { max_removed_share: 1, max_added_share: 1000, min_members: 0, max_new_customers: 1 }';

/** A job on one Shopify export, sending to all three platforms without asking for consent. */
export function jobText(
  path: string,
  more: { name?: string; currency?: string; consent?: string; lines?: string } = {},
): string {
  const { name = 'shop', currency = 'USD', consent = 'ignore', lines = '' } = more;
  return `name: ${name}
timezone: America/New_York
currency: ${currency}
${UNGUARDED}
${lines}
sources:
  - { type: csv, format: shopify, path: '${path}' }
destinations:
  - type: mailchimp
    api_key: sandbox-us1
    list_id: sandbox
    base_url: \${SANDBOX_URL}
    consent: ${consent}
    audiences: [{ segment: value_engagement.*, tag: 'VE: {label}' }]
  - type: klaviyo
    api_key: sandbox
    base_url: \${SANDBOX_URL}
    consent: ${consent}
    audiences: [{ segment: lifecycle.*, list: 'Lifecycle: {label}' }]
  - type: facebook
    access_token: sandbox
    ad_account_id: act_1
    base_url: \${SANDBOX_URL}
    consent: ${consent}
    audiences: [{ segment: lifecycle.* }]
`;
}

/** The e-mail addresses of every segment, as the command export writes them, sorted. */
export async function exported(shop: Shop, job: string): Promise<Map<string, string[]>> {
  const out = join(shop.folder, 'exported.csv');
  const columns = 'email,lifecycle,value_engagement';
  const { code, stderr } = await shop.cli('export', job, '--columns', columns, '--out', out);
  if (code !== 0) throw new Error(stderr);
  const segments = new Map(
    segmentsOf({ lifecycle: {}, value_engagement: {} }).map(({ name }) => [name, [] as string[]]),
  );
  const rows = parse<Record<string, string>>(await readFile(out), { columns: true });
  for (const { email = '', ...models } of rows) {
    for (const [model, segment] of Object.entries(models)) segments.get(`${model}.${segment}`)!.push(email);
  }
  for (const people of segments.values()) people.sort();
  return segments;
}
