import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, request as askSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { onTestFinished } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { stateDir } from '../engine/state-dir.ts';
import { makeCertificates, PASSWORD } from './database-servers.ts';
import type { TestDatabase } from './databases.ts';

/**
 * ClickHouse over TCP: the engine process (or the server that CLICKHOUSE_URL names) behind a door that asks for user
 * and password, packs what it answers, and breaks connections off, as servers do. The door's refusals are in
 * ClickHouse's words.
 */
export type ClickHouseServer = {
  /** Of a user and a database. */
  url(user: string, database: string, password?: string): string;
  /** File with the certificate of the authority that signed the server's, with `tls`. */
  ca: string;
  database(): Promise<TestDatabase>;
  /** What was asked since the server was started. */
  asked: { sql: string; settings: URLSearchParams }[];
  /** Breaks the next answer of rows off after so many bytes. */
  cutNext(bytes: number): void;
  /** How many answers somebody waits for. */
  running(): number;
  stop(): Promise<void>;
};

/** Users beside `owner`, all with the same password: one without rights, and those whose profiles say something. */
export const STRANGER = 'stranger';
export const LIMITED = 'limited';
const PROFILES: Record<string, Record<string, string>> = {
  [LIMITED]: { max_rows_to_read: '1' },
  readonly_1: { readonly: '1' },
  readonly_2: { readonly: '2' },
};

export async function startClickHouse({ tls = false } = {}): Promise<ClickHouseServer> {
  const target = await openTarget();
  const folder = await mkdtemp(join(tmpdir(), 'clickhouse-door-'));
  const asked: ClickHouseServer['asked'] = [];
  let cut = Infinity;
  let running = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams: settings, pathname } = new URL(request.url ?? '/', 'http://door');
    const sql = await text(request);
    asked.push({ sql, settings });
    const user = userOf(request);
    const refusal = refusalOf(user, sql, settings);
    if (refusal) return refuse(response, refusal);
    const forwarded = new URLSearchParams(settings);
    forwarded.delete('enable_http_compression');
    for (const [name, value] of Object.entries(PROFILES[user] ?? {})) forwarded.set(name, value);
    const limit = sql.includes('TabSeparatedRaw') ? cut : Infinity;
    if (limit !== Infinity) cut = Infinity;
    running += 1;
    const asking = target.ask(`${pathname}?${forwarded}`, (found) => {
      const packs = settings.get('enable_http_compression') === '1';
      const { 'content-length': _, ...headers } = found.headers;
      response.writeHead(found.statusCode!, { ...headers, ...(packs ? { 'content-encoding': 'gzip' } : {}) });
      let passed = 0;
      const counted = new PassThrough().on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (passed > limit) response.destroy();
      });
      pipeline(found, packs ? createGzip({ level: 1 }) : new PassThrough(), counted, response, () => {});
    });
    asking.on('error', () => response.destroy());
    response.on('close', () => {
      running -= 1;
      asking.destroy();
    });
    asking.end(sql);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  if (tls) await makeCertificates(folder);
  const read = (name: string) => readFileSync(join(folder, name));
  const door = tls
    ? createSecureServer({ cert: read('server.pem'), key: read('server.key') }, listener)
    : createServer(listener);
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  const url: ClickHouseServer['url'] = (user, database, password = PASSWORD) =>
    `${tls ? 'https' : 'http'}://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}`;
  return {
    url,
    ca: join(folder, 'ca.pem'),
    database: () => makeDatabase(target.url, url),
    asked,
    cutNext: (bytes) => (cut = bytes),
    running: () => running,
    async stop() {
      door.close();
      door.closeAllConnections();
      await target.leave();
      await rm(folder, { recursive: true });
    },
  };
}

type Target = {
  url: string;
  ask(path: string, answered: (answer: IncomingMessage) => void): ReturnType<typeof ask>;
  leave(): Promise<void>;
};

async function openTarget(): Promise<Target> {
  const named = process.env.CLICKHOUSE_URL;
  if (named) {
    const { protocol, username, password, host } = new URL(named);
    const asking = protocol === 'https:' ? askSecurely : ask;
    const auth = `${decodeURIComponent(username || 'default')}:${decodeURIComponent(password)}`;
    return {
      url: named,
      ask: (path, answered) =>
        asking(new URL(path, `${protocol}//${host}`), { method: 'POST', auth }, answered),
      leave: async () => {},
    };
  }
  const state = stateDir();
  const engine = await openEngine({ state: state.path });
  const socketPath = join(state.path, 'engine.sock');
  // The client of the tests' own statements takes no socket.
  const inner = createServer((request, response) => {
    const onward = ask({ socketPath, path: request.url, method: request.method }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      pipeline(answer, response, () => {});
    });
    pipeline(request, onward, () => {});
  });
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(inner.address() as AddressInfo).port}`,
    ask: (path, answered) => ask({ socketPath, path, method: 'POST', agent: false }, answered),
    async leave() {
      inner.close();
      inner.closeAllConnections();
      await engine.close();
      await state[Symbol.asyncDispose]();
    },
  };
}

async function makeDatabase(target: string, url: ClickHouseServer['url']): Promise<TestDatabase> {
  const name = `shop_${randomBytes(5).toString('hex')}`;
  const first = createClient({ url: target });
  await first.command({ query: `CREATE DATABASE ${name}` });
  const client = createClient({ url: target, database: name });
  onTestFinished(async () => {
    await first.command({ query: `DROP DATABASE ${name}` });
    await Promise.all([first.close(), client.close()]);
  });
  return {
    url: url('owner', name),
    name,
    async sql<Row extends object>(query: string): Promise<Row[]> {
      if (/^\s*SELECT/i.test(query))
        return (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
      await client.command({ query });
      return [];
    },
  };
}

function userOf({ headers }: IncomingMessage): string {
  const basic = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
  const [user = '', ...password] = basic.split(':');
  const known = ['owner', STRANGER, ...Object.keys(PROFILES)].includes(user);
  return known && password.join(':') === PASSWORD ? user : '';
}

function refusalOf(user: string, sql: string, settings: URLSearchParams): string | undefined {
  if (user === '') {
    return 'Code: 516. DB::Exception: owner: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)';
  }
  if (user === STRANGER && /\borders\b/.test(sql)) {
    return `Code: 497. DB::Exception: ${STRANGER}: Not enough privileges. To execute this query, it's necessary to have the grant SELECT(id) ON shop.orders. (ACCESS_DENIED)`;
  }
  const fixed = PROFILES[user]?.readonly;
  const own = [...settings.keys()].filter(
    (name) => !/^(param_|query_id$|database$|default_format$|wait_end_of_query$)/.test(name),
  );
  const denied = fixed === '1' ? own[0] : fixed === '2' ? own.find((name) => name === 'readonly') : undefined;
  if (denied)
    return `Code: 164. DB::Exception: Cannot modify '${denied}' setting in readonly mode. (READONLY)`;
  return undefined;
}

function refuse(response: ServerResponse, refusal: string): void {
  const [code] = /\d+/.exec(refusal)!;
  response.writeHead(403, { 'x-clickhouse-exception-code': code }).end(`${refusal}\n`);
}
