import { expect } from 'vitest';
import { pause } from '../../connectors/clock.ts';
import type { Acknowledgement, Change, Destination, Member, Outcome } from '../../connectors/destination.ts';
import { CONNECTIONS } from '../../connectors/mailchimp/api.ts';
import { openMailchimp } from '../../connectors/mailchimp/destination.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import { mailchimp, type MailchimpSettings } from '../../connectors/mailchimp/schema.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import type { SandboxOptions, SandboxPlatform } from '../../connectors/sandbox.ts';
import { serveSandbox, type Sandbox } from '../../connectors/sandbox-server.ts';
import { virtualClock } from './limiter-clock.ts';
import { openApi } from './openapi.ts';

const official = openApi('mailchimp-marketing.swagger.json');

/**
 * The destination, opened on an imitation Mailchimp of its own. When that closes, every exchange is held against the
 * official description.
 */
export async function openSandboxed(
  people?: SandboxOptions['people'],
  settings?: Partial<MailchimpSettings>,
) {
  const platform = mailchimpSandbox({ people });
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const destination = await open({ base_url: sandbox.url, ...settings });

  /** A request by somebody else, for instance a person in Mailchimp's own pages. */
  function elsewhere(method: string, path: string, body?: object): unknown {
    const authorization = `Basic ${Buffer.from('them:sandbox-us1').toString('base64')}`;
    const query = new URLSearchParams();
    return platform.handle({ method, path, query, headers: { authorization }, body }).body;
  }

  function tagElsewhere(name: string, emails: readonly string[] = []): string {
    const tag = elsewhere('POST', '/lists/sandbox/segments', { name, static_segment: emails });
    return String((tag as { id: number }).id);
  }

  const tags = () => (platform.state() as { tags: Record<string, string[]> }).tags;
  const close = async () => {
    await sandbox.close();
    expect(breaches(sandbox)).toEqual([]);
  };
  return { sandbox, destination, elsewhere, tagElsewhere, tags, [Symbol.asyncDispose]: close };
}

/** What of all exchanges Mailchimp's own description does not allow. */
export function breaches(sandbox: Sandbox): string[] {
  return sandbox.exchanges.flatMap(({ request, reply }) => {
    const { method, path, query, body } = request;
    return (
      official?.check({ method, path, query, status: reply.status, request: body, reply: reply.body }) ?? []
    );
  });
}

const CONTEXT = { folder: '.', signal: new AbortController().signal, backoff_ms: 1, log: () => {} };

/**
 * The destination on a Mailchimp that takes a second for every answer, by a clock that waits for nobody, and refuses
 * at once what is more than ten requests at the same time.
 * @param options `others` is how many of the ten other programs use
 */
export async function openPaced(options: { others?: () => number; people?: SandboxOptions['people'] } = {}) {
  const held = { answers: 0 };
  const { clock, start } = virtualClock(() => limiter.running() === held.answers);
  const limiter = createLimiter({ clock, connections: CONNECTIONS });
  const list = mailchimpSandbox({ people: options.people });
  const platform: SandboxPlatform = {
    ...list,
    handle: (request) => list.handle({ ...request, open: (request.open ?? 1) + (options.others?.() ?? 0) }),
  };
  const delay = async (status?: number) => {
    if (status === 429) return;
    held.answers += 1;
    await pause(clock, 1_000, CONTEXT.signal);
    held.answers -= 1;
  };
  const sandbox = await serveSandbox([platform], { keep_exchanges: true, delay });
  const settings = {
    api_key: 'sandbox-us1',
    list_id: 'sandbox',
    new_contacts: 'skip' as const,
    base_url: sandbox.url,
  };
  const stop = start();
  const close = async () => {
    await stop();
    await sandbox.close();
  };
  const destination = openMailchimp(settings, CONTEXT, limiter);
  return { sandbox, destination, clock, [Symbol.asyncDispose]: close };
}

export function open(settings: Partial<MailchimpSettings>): Promise<Destination> {
  return mailchimp.open(
    { api_key: 'sandbox-us1', list_id: 'sandbox', new_contacts: 'skip', ...settings },
    CONTEXT,
  );
}

export function someone(email: string): Member {
  return { key: `email:${email}`, customer: email, email };
}

/** That many people, `name1@shop.test` and on. */
export function people(count: number, name = 'person'): Member[] {
  return Array.from({ length: count }, (_, index) => someone(`${name}${index + 1}@shop.test`));
}

export function emails(members: readonly Member[]): string[] {
  return members.flatMap(({ email }) => email ?? []);
}

export function change(
  audience: Change['audience'],
  { add = [], remove = [] }: { add?: readonly Member[]; remove?: readonly Member[] },
): Change {
  const counts = { add: add.length, remove: remove.length };
  return {
    audience,
    counts,
    add: () => stream(add),
    remove: () => stream(remove),
    wanted: () => stream(add),
  };
}

async function* stream(members: readonly Member[]): AsyncGenerator<Member> {
  yield* members;
}

/** Everything one push answered, put together. */
export async function pushed(destination: Destination, sent: Change) {
  const all: Acknowledgement[] = [];
  for await (const acknowledgement of destination.push(sent)) all.push(acknowledgement);
  return {
    added: all.flatMap((one) => one.added),
    removed: all.flatMap((one) => one.removed),
    requests: all.reduce((sum, one) => sum + one.requests, 0),
  };
}

export function done(members: readonly Member[]): Outcome[] {
  return members.map(({ key }) => ({ key, result: 'done' }));
}

/** How many requests the sandbox saw, by method and a pattern of the path. */
export function requests(sandbox: Sandbox, method: string, path: RegExp): number {
  return Object.entries(sandbox.requests().mailchimp ?? {})
    .map(([route, count]) => ({ route: route.split(' '), count }))
    .filter(({ route }) => route[0] === method && path.test(route[1] ?? ''))
    .reduce((sum, { count }) => sum + count, 0);
}
