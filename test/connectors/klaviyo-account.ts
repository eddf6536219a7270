import { expect, onTestFinished } from 'vitest';
import type { Change, DestinationContext, Member, Outcome } from '../../connectors/destination.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { klaviyo } from '../../connectors/klaviyo/schema.ts';
import { serveSandbox, type Exchange } from '../../connectors/sandbox-server.ts';
import { openApi } from './openapi.ts';

const description = openApi('klaviyo.openapi.json');

/**
 * An empty Klaviyo account, and the real SDK connected to it. At the end of the test every exchange is held against
 * the official description, and none may have gone near consent.
 */
export async function openAccount(options: Partial<DestinationContext> = {}) {
  // Half a second from request to request keeps a test clear of the rate limits.
  let clock = Date.parse('2026-11-01T00:00:00Z');
  const platform = klaviyoSandbox({ now: () => (clock += 500) });
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const logs: { message: string; fields?: Record<string, unknown> }[] = [];
  const context: DestinationContext = {
    folder: '.',
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: (message, fields) => void logs.push({ message, fields }),
    ...options,
  };
  onTestFinished(async () => {
    await sandbox.close();
    expect(sandbox.exchanges.flatMap(mistakes)).toEqual([]);
    expect(sandbox.exchanges.filter(({ request }) => /subscription|suppression/.test(request.path))).toEqual(
      [],
    );
  });
  const open = (api_key = 'sandbox') => klaviyo.open({ api_key, base_url: sandbox.url }, context);
  const destination = await open();
  const sent = (method: string, path: RegExp) =>
    sandbox.exchanges.filter(({ request }) => request.method === method && path.test(request.path));
  return {
    sandbox,
    destination,
    open,
    context,
    logs,
    sent,
    /** Requests that change something, however they ended; those a fault kept from the sandbox are not among them. */
    writes: () => sandbox.exchanges.filter(({ request }) => request.method !== 'GET'),
    people: (list: string) =>
      (sandbox.state() as { klaviyo: { lists: Record<string, string[]> } }).klaviyo.lists[list],
    fault: (fault: Omit<Parameters<typeof sandbox.fault>[0], 'platform'>) =>
      sandbox.fault({ platform: 'klaviyo', ...fault }),
    async list(name: string) {
      return { name, remote_id: (await destination.create(name)).remote_id };
    },
    async push(
      audience: Change['audience'],
      { add = [], remove = [] }: { add?: Member[]; remove?: Member[] },
    ) {
      const added: Outcome[] = [];
      const removed: Outcome[] = [];
      let requests = 0;
      for await (const acknowledgement of destination.push(changeOf(audience, add, remove))) {
        added.push(...acknowledgement.added);
        removed.push(...acknowledgement.removed);
        requests += acknowledgement.requests;
      }
      return { added, removed, requests };
    },
  };
}

export function changeOf(audience: Change['audience'], add: Member[], remove: Member[] = []): Change {
  return {
    audience,
    counts: { add: add.length, remove: remove.length },
    add: () => each(add),
    remove: () => each(remove),
    wanted: () => each(add),
  };
}

/** A member known by e-mail address. */
export function aMember(email: string, more: Partial<Member> = {}): Member {
  return { key: `email:${email}`, customer: email, email, ...more };
}

/** `count` members: p0@shop.example, p1@shop.example … */
export function members(count: number, more: (index: number) => Partial<Member> = () => ({})): Member[] {
  return Array.from({ length: count }, (_, index) => aMember(`p${index}@shop.example`, more(index)));
}

function mistakes({ request, reply }: Exchange): string[] {
  const { method, query, body } = request;
  const exchange = {
    method,
    path: `/api${request.path}`,
    query,
    request: body,
    status: reply.status,
    reply: reply.body,
  };
  return description?.check(exchange) ?? [];
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
