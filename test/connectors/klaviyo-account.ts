import { expect, onTestFinished } from 'vitest';
import { pause } from '../../connectors/clock.ts';
import type {
  Change,
  DestinationContext,
  Member,
  Outcome,
  PropertiesAcknowledgement,
} from '../../connectors/destination.ts';
import { openKlaviyo } from '../../connectors/klaviyo/destination.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import { serveSandbox, type Exchange } from '../../connectors/sandbox-server.ts';
import { virtualClock } from './limiter-clock.ts';
import { openApi } from './openapi.ts';

const description = openApi('klaviyo.openapi.json');

/** All this connector may ever call: nothing that touches consent, suppression or other people's data is among it. */
const ALLOWED = [
  /^GET \/lists(\/[^/]+(\/profiles)?)?$/,
  /^(POST \/lists|PATCH \/lists\/[^/]+)$/,
  /^(POST|DELETE) \/lists\/[^/]+\/relationships\/profiles$/,
  /^GET \/profiles$/,
  /^PATCH \/profiles\/[^/]+$/,
  /^(GET|POST) \/profile-bulk-import-jobs$/,
  /^GET \/profile-bulk-import-jobs\/[^/]+(\/import-errors)?$/,
  /^POST \/data-privacy-deletion-jobs$/,
];

/**
 * An empty Klaviyo account that keeps to its quotas, and the real SDK connected to it, both by a clock that waits for
 * nobody. At the end of the test every exchange is held against the official description, none may have been refused
 * for coming too soon, and no path called that this connector must not call.
 * @param options `latency_ms` is what an answer takes, by that clock
 */
export async function openAccount(options: Partial<DestinationContext> & { latency_ms?: number } = {}) {
  const { latency_ms, ...overrides } = options;
  const never = new AbortController().signal;
  const held = { answers: 0 };
  const { clock, start } = virtualClock(() => limiter.running() === held.answers);
  const limiter = createLimiter({ clock });
  const epoch = Date.parse('2026-11-01T00:00:00Z');
  const platform = klaviyoSandbox({ now: () => epoch + clock.now() });
  const delay = async () => {
    held.answers += 1;
    await pause(clock, latency_ms ?? 0, never);
    held.answers -= 1;
  };
  const sandbox = await serveSandbox([platform], {
    keep_exchanges: true,
    ...(latency_ms ? { delay } : {}),
  });
  const stopTime = start();
  const logs: { message: string; fields?: Record<string, unknown> }[] = [];
  const context: DestinationContext = {
    folder: '.',
    signal: never,
    backoff_ms: 1,
    log: (message, fields) => void logs.push({ message, fields }),
    ...overrides,
  };
  onTestFinished(async () => {
    await stopTime();
    await sandbox.close();
    expect(sandbox.exchanges.flatMap(mistakes)).toEqual([]);
    expect(sandbox.exchanges.filter(({ reply }) => reply.status === 429)).toEqual([]);
    const called = Object.keys(sandbox.requests().klaviyo ?? {});
    expect(called.filter((route) => !ALLOWED.some((allowed) => allowed.test(route)))).toEqual([]);
  });
  const open = (api_key = 'sandbox') => openKlaviyo({ api_key, base_url: sandbox.url }, context, limiter);
  const destination = open();
  const sent = (method: string, path: RegExp) =>
    sandbox.exchanges.filter(({ request }) => request.method === method && path.test(request.path));
  return {
    sandbox,
    destination,
    open,
    context,
    limiter,
    clock,
    /** A request by somebody else, for instance a person in Klaviyo's own pages. It takes a second each. */
    async elsewhere(method: string, path: string, body?: unknown) {
      await pause(clock, 1_000, never);
      const url = new URL(path, 'http://sandbox');
      const headers = { authorization: 'Klaviyo-API-Key sandbox' };
      const request = { method, path: url.pathname, query: url.searchParams, headers, body };
      return platform.handle(request).body as { data: { id: string; attributes: Record<string, unknown> }[] };
    },
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
      { add = [], remove = [], stop }: { add?: Member[]; remove?: Member[]; stop?: AbortSignal },
    ) {
      const added: Outcome[] = [];
      const removed: Outcome[] = [];
      let requests = 0;
      for await (const acknowledgement of destination.push({
        ...changeOf(audience, add, remove),
        stop,
      })) {
        added.push(...acknowledgement.added);
        removed.push(...acknowledgement.removed);
        requests += acknowledgement.requests;
      }
      return { added, removed, requests };
    },
    async setProperties(people: Member[], stop?: AbortSignal): Promise<PropertiesAcknowledgement> {
      const all: PropertiesAcknowledgement = { updated: [], dropped: [], requests: 0 };
      for await (const { updated, dropped, requests } of destination.setProperties!(
        () => each(people),
        stop,
      )) {
        all.updated.push(...updated);
        all.dropped.push(...dropped);
        all.requests += requests;
      }
      return all;
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

/** What of an exchange the official description does not allow. */
export function mistakes({ request, reply }: Exchange): string[] {
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
