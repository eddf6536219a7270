import type { Clock } from '../../connectors/facebook/pace.ts';
import type { Change, Destination, Member } from '../../connectors/destination.ts';
import { openFacebook } from '../../connectors/facebook/destination.ts';
import { facebookSandbox } from '../../connectors/facebook/sandbox.ts';
import { facebook, type FacebookSettings } from '../../connectors/facebook/schema.ts';
import { destinations, serveSandbox } from '../../connectors/index.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import type { SandboxPlatform, SandboxReply } from '../../connectors/sandbox.ts';
import type { Figure } from './figure.ts';
import { paceFigure, watchRefusals } from './pace-figure.ts';

const NEVER = new AbortController().signal;
const CONTEXT = { folder: '.', signal: NEVER, backoff_ms: 500, log: () => undefined };

/** Changes of a Klaviyo list a second and a minute, and as many people as one takes. */
const [BURST, STEADY] = [10, 150];
const PEOPLE = 1000;

/** Removals of people whose ids are known: a minute's quota in bursts, and a few requests of the next minute. */
export async function klaviyoPace(): Promise<Figure[]> {
  const platform = klaviyoSandbox({});
  const answered: number[] = [];
  const refusals = watchRefusals();
  await using opened = await serve(platform, (reply, method) => {
    refusals.see(reply);
    if (method === 'DELETE') answered.push(performance.now());
  });
  const { klaviyo } = destinations;
  const settings = klaviyo!.settings.parse({ api_key: 'sandbox', base_url: opened.url });
  const destination = await klaviyo!.open(settings, CONTEXT);
  const audience = { name: 'Top', remote_id: (await destination.create('Top')).remote_id };
  await push(destination, { audience, add: [person(0)] });
  const requests = STEADY + BURST;
  // Whoever they are makes no difference to the pace, so all are one person.
  const remote_id = profileOf(platform);
  const remove = Array.from({ length: requests * PEOPLE }, (_, n) => ({ ...person(n), remote_id }));

  const start = performance.now();
  await push(destination, { audience, remove });

  const figure = (count: number, words: string, least: number) => {
    const work = `${(count * PEOPLE).toLocaleString('en')} leaving, klaviyo`;
    const took = (answered[count - 1]! - start) / 1000;
    return paceFigure(work, took, { words: `${count} requests, ${words}`, least }, refusals);
  };
  return [
    figure(STEADY, `${BURST} a second`, Math.floor((STEADY - 1) / BURST)),
    figure(requests, `${STEADY} a minute`, 60 * Math.floor((requests - 1) / STEADY)),
  ];
}

function profileOf(platform: SandboxPlatform): string {
  const headers = { authorization: 'Klaviyo-API-Key sandbox' };
  const request = {
    method: 'GET',
    path: '/profiles',
    query: new URLSearchParams(),
    headers,
    body: undefined,
  };
  const { data } = platform.handle(request).body as { data: { id: string }[] };
  return data[0]!.id;
}

const HOUR_MS = 3_600_000;
/** Calls an hour of a Facebook ad account with one audience, at the lowest tier. */
const CALLS = 5_040;
const PUSHES = 3_000;

/** Small pushes after an hour in which a few calls more were made than there may be. The clock waits for nobody. */
export async function facebookPace(): Promise<Figure> {
  let at = Date.UTC(2026, 10, 22);
  const platform = facebookSandbox({ now: () => at });
  const refusals = watchRefusals();
  await using opened = await serve(platform, (reply) => {
    refusals.see(reply);
    at += 50;
  });
  const named = { access_token: 'sandbox', ad_account_id: '1', base_url: opened.url };
  const settings = facebook.settings.parse(named) as FacebookSettings;
  const clock: Clock = { now: () => at, wait: async (ms) => void (at += ms) };
  const destination = openFacebook(settings, CONTEXT, { clock });
  const audience = { name: 'Top', remote_id: (await destination.create('Top')).remote_id };
  const query = new URLSearchParams({ access_token: 'sandbox', fields: 'name' });
  for (let n = 0; n < CALLS + 20; n += 1) {
    platform.handle({ method: 'GET', path: '/act_1', query, headers: {}, body: undefined });
    at += HOUR_MS / CALLS;
  }

  const start = at;
  for (let n = 0; n < PUSHES; n += 1) await push(destination, { audience, add: [person(n)] });

  const words = `${CALLS.toLocaleString('en')} calls an hour, all used before`;
  const limit = { words, least: (PUSHES * HOUR_MS) / CALLS / 1000 };
  return paceFigure(`${PUSHES.toLocaleString('en')} calls, facebook`, (at - start) / 1000, limit, refusals);
}

/** @param seen is told of each answer, before it is sent */
async function serve(platform: SandboxPlatform, seen: (reply: SandboxReply, method: string) => void) {
  const watched: SandboxPlatform = {
    ...platform,
    handle(request) {
      const reply = platform.handle(request);
      seen(reply, request.method);
      return reply;
    },
  };
  const { url, close } = await serveSandbox([watched]);
  return { url, [Symbol.asyncDispose]: close };
}

function person(n: number): Member {
  const email = `a${n}@example.com`;
  return { key: `email:${email}`, customer: email, email };
}

type Sent = Pick<Change, 'audience'> & { add?: Member[]; remove?: Member[] };

/** Throws where somebody did not get in or out. */
async function push(destination: Destination, { audience, add = [], remove = [] }: Sent): Promise<void> {
  let left = add.length + remove.length;
  const change: Change = {
    audience,
    counts: { add: add.length, remove: remove.length },
    add: () => each(add),
    remove: () => each(remove),
    wanted: () => each(add),
    stop: NEVER,
  };
  for await (const { added, removed } of destination.push(change))
    left -= [...added, ...removed].filter(({ result }) => result === 'done').length;
  if (left > 0) throw new Error(`${audience.name}: ${left} are not done`);
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
