import type { Acknowledgement, Change, Destination, Member, Outcome } from '../../connectors/destination.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import { mailchimp, type MailchimpSettings } from '../../connectors/mailchimp/schema.ts';
import type { SandboxOptions } from '../../connectors/sandbox.ts';
import { serveSandbox, type Sandbox } from '../../connectors/sandbox-server.ts';

/** The destination, opened on an imitation Mailchimp of its own. */
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
  const close = () => sandbox.close();
  return { sandbox, destination, elsewhere, tagElsewhere, tags, [Symbol.asyncDispose]: close };
}

export function open(settings: Partial<MailchimpSettings>): Promise<Destination> {
  return mailchimp.open(
    { api_key: 'sandbox-us1', list_id: 'sandbox', ...settings },
    { folder: '.', signal: new AbortController().signal, backoff_ms: 1, log: () => {} },
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
