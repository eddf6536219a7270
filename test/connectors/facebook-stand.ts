import { openFacebook } from '../../connectors/facebook/destination.ts';
import type { Timing } from '../../connectors/facebook/graph.ts';
import { facebook, type FacebookSettings } from '../../connectors/facebook/schema.ts';
import type { SandboxDelays } from '../../connectors/facebook/sandbox-audiences.ts';
import { facebookSandbox } from '../../connectors/facebook/sandbox.ts';
import type { Acknowledgement, Change, Destination, Member } from '../../connectors/destination.ts';
import { serveSandbox, type Sandbox } from '../../connectors/sandbox-server.ts';

export type UsersBody = {
  payload: { schema: string[]; data: (string | number)[][] };
  session: { session_id: number; batch_seq: number; last_batch_flag: boolean; estimated_num_total: number };
  method?: string;
};
type Holding = {
  audiences: Record<string, { id: string; members: string[]; values?: Record<string, number> }>;
  lookalikes: { id: string; name: string; origin_audience_id: string }[];
};
type Logged = { message: string; fields?: Record<string, unknown> };

/** The real SDK, talking to an imitation Facebook over a real socket. */
export async function openStand(
  overrides: { access_token?: string; ad_account_id?: string; replace?: string; orphans?: string } = {},
  imitation: Partial<SandboxDelays> & { now?: () => number } = {},
  context: Timing & { signal?: AbortSignal } = {},
) {
  const platform = facebookSandbox(imitation);
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const logs: Logged[] = [];
  const settings = { access_token: 'sandbox', ad_account_id: '1', base_url: sandbox.url, ...overrides };
  const open = () =>
    openDestination(settings, { ...context, log: (message, fields) => logs.push({ message, fields }) });
  return {
    sandbox,
    /** The imitation itself, to be asked without a socket. */
    platform,
    destination: open(),
    /** The same again, as the next run would open it. */
    reopen: open,
    logs,
    writes: () => writes(sandbox),
    /** Requests that wrote, as `METHOD path`, as far as the sandbox itself answered them. */
    written: () =>
      sandbox.exchanges.flatMap(({ request: { method, path } }) =>
        method === 'GET' ? [] : [`${method} ${path}`],
      ),
    held: () => sandbox.state().facebook as Holding,
    /** Calls the sandbox without the SDK, as another program would. */
    call: async (method: string, path: string, body?: unknown) => {
      const init = { method, body: body === undefined ? undefined : JSON.stringify(body) };
      const mark = path.includes('?') ? '&' : '?';
      const answer = await fetch(`${sandbox.url}/v26.0${path}${mark}access_token=sandbox`, init);
      return (await answer.json()) as Record<string, unknown>;
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}
export type Stand = Awaited<ReturnType<typeof openStand>>;

export function openDestination(
  settings: Record<string, unknown>,
  context: {
    log?(message: string, fields?: Record<string, unknown>): void;
    signal?: AbortSignal;
  } & Timing = {},
): Destination {
  const parsed = facebook.settings.parse(settings) as FacebookSettings;
  const { log = () => {}, signal = new AbortController().signal, ...timing } = context;
  return openFacebook(parsed, { folder: '.', signal, backoff_ms: 1, log }, timing);
}

/** Bodies of the requests that changed members, in order, as far as the sandbox itself answered them. */
function writes(sandbox: Sandbox): UsersBody[] {
  const users = sandbox.exchanges.filter(({ request }) => request.path.endsWith('/users'));
  return users.map(({ request }) => request.body as UsersBody);
}

export function change(
  remote_id: string,
  members: { add?: Iterable<Member>; remove?: Iterable<Member>; wanted?: Iterable<Member> },
): Change {
  const add = [...(members.add ?? [])];
  const remove = [...(members.remove ?? [])];
  const wanted = [...(members.wanted ?? add)];
  return {
    audience: { name: 'Top', remote_id },
    counts: { add: add.length, remove: remove.length },
    add: () => each(add),
    remove: () => each(remove),
    wanted: () => each(wanted),
  };
}

export async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item;
}

export function person(n: number, more: Partial<Member> = {}): Member {
  const email = `c${n}@example.com`;
  return { key: `email:${email}`, customer: `c${n}`, email, ...more };
}

export function people(from: number, to: number): Member[] {
  return Array.from({ length: to - from }, (_, i) => person(from + i));
}

export async function all(acknowledgements: AsyncIterable<Acknowledgement>): Promise<Acknowledgement> {
  const sum: Acknowledgement = { added: [], removed: [], requests: 0 };
  for await (const { added, removed, requests } of acknowledgements) {
    sum.added.push(...added);
    sum.removed.push(...removed);
    sum.requests += requests;
  }
  return sum;
}
