import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { SandboxPlatform, SandboxReply, SandboxRequest } from './sandbox.ts';

const KEEP_ALIVE_MS = 75_000;

/** A fault to inject, as `POST /_faults` takes it; it meets the first `times` matching requests after `skip`. */
const Fault = z.strictObject({
  platform: z.enum(['mailchimp', 'klaviyo', 'facebook', 'shopify', 'woocommerce']),
  method: z.string().optional(),
  path: z.string().optional().describe('Regular expression on the path after the platform prefix.'),
  skip: z.int().min(0).default(0),
  times: z.int().min(1).default(1),
  status: z.int().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  text: z.string().optional(),
  content_type: z.string().optional(),
  drop: z
    .enum(['before', 'after'])
    .optional()
    .describe('Close the socket before or after the request took effect.'),
});
export type Fault = z.input<typeof Fault>;

/** One request and its answer, as the tests compare them with the official descriptions. */
export type Exchange = { platform: string; request: SandboxRequest; reply: SandboxReply };

/** A fault that met a request, as it was given, when so many exchanges were over. */
type Met = { fault: Fault; exchanges: number };

export type Sandbox = {
  /** For example `http://127.0.0.1:40123`: the `base_url` of every destination. */
  url: string;
  fault(fault: Fault): void;
  /** Takes away every fault that is left. */
  calm(): void;
  /** Every fault that met a request, each time. */
  met: Met[];
  state(): Record<string, unknown>;
  /** Counts per platform and `METHOD path` (ids kept as they are). */
  requests(): Record<string, Record<string, number>>;
  exchanges: Exchange[];
  close(): Promise<void>;
};

/**
 * Serves imitation platforms on one loopback origin, with `GET /_state`, `GET /_requests` and `POST /_faults`.
 * @param options `port` 0 takes any free one; `keep_exchanges` remembers every request for tests; an answer is kept
 *   back until what `delay` returns for its status is settled, while what was asked for is done at once
 */
export async function serveSandbox(
  platforms: readonly SandboxPlatform[],
  options: {
    port?: number;
    keep_exchanges?: boolean;
    delay?: (status?: number) => Promise<void> | undefined;
  } = {},
): Promise<Sandbox> {
  const faults: (z.output<typeof Fault> & { seen: number; given: Fault })[] = [];
  const counts = new Map<string, Map<string, number>>();
  const opens = new Map<string, number>();
  const exchanges: Exchange[] = [];
  const met: Met[] = [];
  const addFault = (given: Fault) => void faults.push({ ...Fault.parse(given), seen: 0, given });
  const state = () => Object.fromEntries(platforms.map((platform) => [platform.name, platform.state()]));
  const requests = () =>
    Object.fromEntries([...counts].map(([platform, paths]) => [platform, Object.fromEntries(paths)]));

  const answer = (platform: SandboxPlatform, request: SandboxRequest): SandboxReply | 'drop' => {
    const seen = counts.get(platform.name) ?? new Map<string, number>();
    counts.set(platform.name, seen);
    const route = `${request.method} ${request.path}`;
    seen.set(route, (seen.get(route) ?? 0) + 1);
    const fault = faults.find((candidate) => matches(candidate, platform.name, request) && due(candidate));
    if (fault) met.push({ fault: fault.given, exchanges: exchanges.length });
    if (fault && fault.drop !== 'after') return fault.drop ? 'drop' : faultReply(fault);
    const reply = platform.handle(request);
    if (options.keep_exchanges) exchanges.push({ platform: platform.name, request, reply });
    return fault ? 'drop' : reply;
  };

  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing).catch((error: unknown) => {
      send(outgoing, { status: 500, body: { sandbox_error: String(error) } });
    });
  });
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', 'http://sandbox');
    const body = await readBody(incoming);
    const method = incoming.method ?? 'GET';
    if (url.pathname === '/_state') return send(outgoing, { status: 200, body: state() });
    if (url.pathname === '/_requests') return send(outgoing, { status: 200, body: requests() });
    if (url.pathname === '/_faults' && method === 'POST') {
      const parsed = Fault.safeParse(body);
      if (!parsed.success)
        return send(outgoing, { status: 400, body: { error: z.prettifyError(parsed.error) } });
      addFault(parsed.data);
      return send(outgoing, { status: 204 });
    }
    const platform = platforms.find((candidate) => url.pathname.startsWith(`${candidate.prefix}/`));
    if (!platform)
      return send(outgoing, { status: 404, body: { error: `The sandbox has no ${url.pathname}` } });
    const headers = incoming.headers as Record<string, string | undefined>;
    const path = url.pathname.slice(platform.prefix.length);
    const open = (opens.get(platform.name) ?? 0) + 1;
    opens.set(platform.name, open);
    try {
      const reply = answer(platform, { method, path, query: url.searchParams, headers, body, open });
      await options.delay?.(reply === 'drop' ? undefined : reply.status);
      if (reply === 'drop') incoming.socket.destroy();
      else send(outgoing, reply);
    } finally {
      opens.set(platform.name, (opens.get(platform.name) ?? 1) - 1);
    }
  };

  // Node's five seconds would cut off callers who take longer over their next batch; platforms wait a minute or more.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    fault: addFault,
    calm: () => void faults.splice(0),
    met,
    state,
    requests,
    exchanges,
    close: () => closeServer(server),
  };
}

function matches(fault: z.output<typeof Fault>, platform: string, request: SandboxRequest): boolean {
  if (fault.platform !== platform) return false;
  if (fault.method && fault.method !== request.method) return false;
  return !fault.path || new RegExp(fault.path).test(request.path);
}

function due(fault: { seen: number; skip: number; times: number }): boolean {
  fault.seen += 1;
  return fault.seen > fault.skip && fault.seen <= fault.skip + fault.times;
}

function faultReply(fault: z.output<typeof Fault>): SandboxReply {
  const { status = 500, headers, body, text, content_type } = fault;
  return { status, headers, body, text, content_type };
}

async function readBody(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function send(outgoing: ServerResponse, reply: SandboxReply): void {
  const text = reply.text ?? (reply.body === undefined ? '' : JSON.stringify(reply.body));
  const type = reply.content_type ?? 'application/json; charset=utf-8';
  outgoing.writeHead(reply.status, { ...(text ? { 'content-type': type } : {}), ...reply.headers });
  outgoing.end(text);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
