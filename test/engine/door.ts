import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, request as askSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { createGzip } from 'node:zlib';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { openEngine } from '../../src/engine/engine.ts';
import { makeCertificates } from './certificates.ts';
import { stateDir } from './state-dir.ts';
import { configureShards, twoShards } from './two-shards.ts';

export const USER = 'owner';
/** With signs that mean something in URLs and headers. */
export const PASSWORD = 'canary-pass:w@rd/1';

/** As servers have it by default (`http_max_uri_size`, `http_max_field_value_size`). */
const LONGEST_HEAD_BYTES = 1024 * 1024;
const LONGEST_VALUE_BYTES = 128 * 1024;

/** A statement as somebody asked it. */
export type Asked = {
  sql: string;
  settings: URLSearchParams;
  user: string;
  password: string;
};

/** What becomes of one statement instead of what should. */
type Fault = {
  /** Statements it is for; any unless given. */
  at?: RegExp;
  /** So many bytes of what is sent, or of the answer, pass before the connection breaks off; none of an answer is its end. */
  cut?: { of: 'request' | 'answer'; after: number };
  /** It is answered in these words, of ClickHouse or not. */
  say?: string;
  /** Called before it is passed on. */
  meanwhile?(): void;
  /** It is passed on only then. */
  after?: Promise<unknown>;
};

/**
 * ClickHouse over TCP: the engine process, or the server that CLICKHOUSE_URL names, behind a door that asks for user
 * and password as ClickHouse does, and can fail as networks and servers do.
 */
export type Door = {
  /** Scheme, host and port. */
  url: string;
  /** With `tls`: `ca.pem`, `client.pem` and `client.key` are there. */
  certificates: string;
  /** Statements since it was opened. */
  asked: Asked[];
  /** How many answers somebody waits for. */
  running(): number;
  /** The next statement that it is for meets this, once. */
  next(fault: Fault): void;
  /** From here on connections are taken, and nothing is answered; until it is called again with `false`. */
  freeze(frozen: boolean): void;
  /** All connections break off and none are taken; until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** The tests' own way to what stands behind. */
  behind(database?: string): ClickHouseClient;
  stop(): Promise<void>;
};

export type DoorOptions = {
  /** `both`: clients must show a certificate, too. */
  tls?: boolean | 'both';
  /** The engine process behind it is a cluster of two shards. */
  shards?: boolean;
  /** What is answered instead of passing a statement on, in ClickHouse's words. */
  refuse?(asked: Asked): string | undefined;
  /** What the profile of a user sets. */
  profile?(user: string): Record<string, string>;
};

export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const { tls = false, refuse = refuseStrangers, profile } = options;
  const target = await openTarget(options);
  const shards = options.shards && !process.env.CLICKHOUSE_URL ? twoShards() : undefined;
  const certificates = mkdtempSync(join(tmpdir(), 'clickhouse-door-'));
  const asked: Asked[] = [];
  const faults: Fault[] = [];
  let running = 0;
  let frozen = false;
  const held = new Set<ServerResponse>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (frozen) return void held.add(response);
    const url = new URL(request.url ?? '/', 'http://door');
    if (url.pathname === '/ping') return pass(request, response, url, {});
    const inUrl = url.searchParams.get('query');
    const sql = inUrl ?? (await text(request));
    const statement = { sql, settings: new URLSearchParams(url.search), ...loginOf(request) };
    asked.push(statement);
    const fault = faults.find(({ at }) => at?.test(sql) ?? true) ?? {};
    if (faults.includes(fault)) faults.splice(faults.indexOf(fault), 1);
    fault.meanwhile?.();
    await fault.after;
    const said = fault.say ?? refuse(statement) ?? tooLong(url.searchParams);
    if (said !== undefined) return say(response, said);
    for (const [name, value] of Object.entries(profile?.(statement.user) ?? {}))
      url.searchParams.set(name, value);
    const body = shards ? shards.statement(sql) : sql;
    for (const [name, value] of Object.entries(shards?.settings() ?? {})) url.searchParams.set(name, value);
    pass(request, response, url, fault, inUrl === null ? body : undefined);
  }

  function pass(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    { cut }: Fault,
    body?: string,
  ): void {
    const packs = url.searchParams.get('enable_http_compression') === '1';
    url.searchParams.delete('enable_http_compression');
    const breakOff = () => void request.socket.destroy();
    const limited = (of: 'request' | 'answer') => counted(cut?.of === of ? cut.after : Infinity, breakOff);
    running += 1;
    const onward = target.ask(url, request.method, (found) => {
      if (cut?.of === 'answer' && cut.after === 0) {
        breakOff();
        return;
      }
      const { 'content-length': _, ...headers } = found.headers;
      response.writeHead(found.statusCode!, { ...headers, ...(packs ? { 'content-encoding': 'gzip' } : {}) });
      const packed = packs ? createGzip({ level: 1 }) : new PassThrough();
      pipeline(found, packed, limited('answer'), response, (error) => error && breakOff());
    });
    onward.on('error', breakOff);
    response.on('close', () => {
      running -= 1;
      onward.destroy();
    });
    if (body === undefined) pipeline(request, limited('request'), onward, () => {});
    else if (cut?.of === 'request') breakOff();
    else onward.end(body);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    // Who breaks off while asking is answered nothing.
    void answer(request, response).catch(() => request.socket.destroy());
  if (tls) await makeCertificates(certificates);
  const read = (name: string) => readFileSync(join(certificates, name));
  const secure = () => ({
    cert: read('server.pem'),
    key: read('server.key'),
    ...(tls === 'both' ? { ca: read('ca.pem'), requestCert: true } : {}),
  });
  const limits = { maxHeaderSize: LONGEST_HEAD_BYTES, requestTimeout: 0 };
  const server = tls
    ? createSecureServer({ ...limits, ...secure() }, listener)
    : createServer(limits, listener);
  const open = (port: number) =>
    new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  await open(0);
  const { port } = server.address() as AddressInfo;
  const shut = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `${tls ? 'https' : 'http'}://localhost:${port}`,
    certificates,
    asked,
    running: () => running,
    next: (fault) => void faults.push(fault),
    freeze(on) {
      frozen = on;
      for (const response of held) response.destroy();
      held.clear();
    },
    shut,
    open: () => open(port),
    behind: target.client,
    async stop() {
      if (server.listening) await shut();
      await target.leave();
      rmSync(certificates, { recursive: true });
    },
  };
}

/** @returns nothing for the user of this door with its password, or with a certificate in its name */
export function refuseStrangers({ user, password }: Asked): string | undefined {
  if (user === USER && password === PASSWORD) return undefined;
  return `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`;
}

/** As ClickHouse finds it: by the usual header, by headers of its own, or by the certificate that was shown. */
function loginOf({ headers, socket }: IncomingMessage): { user: string; password: string } {
  if (headers['x-clickhouse-ssl-certificate-auth'] === 'on') {
    const named = (socket as TLSSocket).getPeerCertificate().subject?.CN;
    const mixed = headers.authorization !== undefined || headers['x-clickhouse-key'];
    const right = named === headers['x-clickhouse-user'] && !mixed;
    return { user: String(headers['x-clickhouse-user']), password: right ? PASSWORD : '' };
  }
  const basic = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
  const [user = '', ...password] = basic.split(':');
  return { user, password: password.join(':') };
}

function tooLong(settings: URLSearchParams): string | undefined {
  const long = [...settings.values()].some((value) => Buffer.byteLength(value) > LONGEST_VALUE_BYTES);
  return long
    ? 'Code: 1000. DB::Exception: HTML Form Exception: Field value too long. (POCO_EXCEPTION)'
    : undefined;
}

function say(response: ServerResponse, said: string): void {
  const [, code] = /^Code: (\d+)/.exec(said) ?? [];
  if (code) response.writeHead(403, { 'x-clickhouse-exception-code': code }).end(`${said}\n`);
  else response.writeHead(502, { 'content-type': 'text/html' }).end(said);
}

function counted(limit: number, over: () => void): PassThrough {
  let passed = 0;
  return new PassThrough().on('data', (chunk: Buffer) => {
    passed += chunk.length;
    if (passed > limit) over();
  });
}

type Target = {
  ask(
    url: URL,
    method: string | undefined,
    answered: (answer: IncomingMessage) => void,
  ): ReturnType<typeof ask>;
  client(database?: string): ClickHouseClient;
  leave(): Promise<void>;
};

async function openTarget({ shards }: DoorOptions): Promise<Target> {
  const named = process.env.CLICKHOUSE_URL;
  if (named) {
    const { protocol, username, password, hostname, port } = new URL(named);
    const asking = protocol === 'https:' ? askSecurely : ask;
    const auth = `${decodeURIComponent(username || 'default')}:${decodeURIComponent(password)}`;
    const to = { hostname, port, auth } satisfies RequestOptions;
    return {
      ask: (url, method, answered) =>
        asking({ ...to, method, path: url.pathname + url.search, agent: false }, answered),
      client: (database) => createClient({ url: named, database }),
      leave: async () => {},
    };
  }
  const state = stateDir();
  if (shards) configureShards(state.path);
  const engine = await openEngine({ state: state.path });
  const socketPath = join(state.path, 'engine.sock');
  return {
    ask: (url, method, answered) =>
      ask({ socketPath, method, path: url.pathname + url.search, agent: false }, answered),
    client: (database) =>
      createClient({
        url: 'http://engine',
        database,
        http_agent: new Agent({ socketPath } as ConstructorParameters<typeof Agent>[0]),
      }),
    async leave() {
      await engine.close();
      await state[Symbol.asyncDispose]();
    },
  };
}
