import { facebook } from '../../connectors/facebook/schema.ts';
import { facebookSandbox } from '../../connectors/facebook/sandbox.ts';
import type { Acknowledgement, Change, Destination, Member } from '../../connectors/destination.ts';
import { serveSandbox, type Sandbox } from '../../connectors/sandbox-server.ts';

export type UsersBody = {
  payload: { schema: string[]; data: string[][] };
  session: { session_id: number; batch_seq: number; last_batch_flag: boolean; estimated_num_total: number };
  method?: string;
};
type Holding = { audiences: Record<string, { id: string; members: string[] }>; lookalikes: unknown[] };

/** The real SDK, talking to an imitation Facebook over a real socket. */
export async function openStand(overrides: { access_token?: string; ad_account_id?: string } = {}) {
  const sandbox = await serveSandbox([facebookSandbox({})], { keep_exchanges: true });
  const logs: { message: string; fields?: Record<string, unknown> }[] = [];
  const settings = { access_token: 'sandbox', ad_account_id: '1', base_url: sandbox.url, ...overrides };
  const destination = await openDestination(settings, (message, fields) => logs.push({ message, fields }));
  return {
    sandbox,
    destination,
    logs,
    writes: () => writes(sandbox),
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

export async function openDestination(
  settings: Record<string, unknown>,
  log: (message: string, fields?: Record<string, unknown>) => void = () => {},
): Promise<Destination> {
  const parsed = facebook.settings.parse(settings) as Parameters<typeof facebook.open>[0];
  return facebook.open(parsed, { folder: '.', signal: new AbortController().signal, backoff_ms: 1, log });
}

/** Bodies of the requests that changed members, in order, as far as the sandbox itself answered them. */
function writes(sandbox: Sandbox): UsersBody[] {
  const users = sandbox.exchanges.filter(({ request }) => request.path.endsWith('/users'));
  return users.map(({ request }) => request.body as UsersBody);
}

export function change(
  remote_id: string,
  members: { add?: Iterable<Member>; remove?: Iterable<Member> },
): Change {
  const add = [...(members.add ?? [])];
  const remove = [...(members.remove ?? [])];
  return {
    audience: { name: 'Top', remote_id },
    counts: { add: add.length, remove: remove.length },
    add: () => each(add),
    remove: () => each(remove),
    wanted: () => each(add),
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
