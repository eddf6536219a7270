import type { Exchange } from '../../connectors/sandbox-server.ts';
import type { Shop } from '../end-to-end/shop.ts';

/** One member whom the program put into an audience or took out of it; Facebook's as hashes. */
export type Write = {
  platform: string;
  audience: string;
  op: 'add' | 'remove';
  member: string;
  /** Its place among the exchanges. */
  exchange: number;
};

const CONSENT = /subscription|suppression|consent|opt_in|unsubscribed|status_if_new|"status":/;

/** @returns the writes of an exchange log that speak of anybody's consent */
export function spokenOfConsent(exchanges: readonly Exchange[]): string[] {
  return exchanges
    .filter(({ request }) => request.method !== 'GET')
    .map(({ request }) => `${request.method} ${request.path} ${JSON.stringify(request.body)}`)
    .filter((text) => CONSENT.test(text));
}

/**
 * Reads from the exchange log what the platforms took, member by member.
 * @param profiles addresses by Klaviyo's profile id
 */
export function writesOf({ sandbox }: Shop, profiles: ReadonlyMap<string, string>): Write[] {
  const names = namesOf(sandbox.exchanges);
  return sandbox.exchanges.flatMap((exchange, place) => {
    if (exchange.request.method === 'GET' || exchange.reply.status >= 400) return [];
    const { platform } = exchange;
    const changes =
      platform === 'mailchimp'
        ? mailchimp(exchange)
        : platform === 'klaviyo'
          ? klaviyo(exchange, profiles)
          : facebook(exchange);
    return changes.map(({ id, ...change }) => ({
      platform,
      audience: names.get(`${platform} ${id}`) ?? id,
      ...change,
      exchange: place,
    }));
  });
}

type Change = Pick<Write, 'op' | 'member'> & { id: string };

function mailchimp({ request }: Exchange): Change[] {
  const id = /\/segments\/(\d+)$/.exec(request.path)?.[1];
  const body = request.body as { members_to_add?: string[]; members_to_remove?: string[] } | undefined;
  if (!id || !body) return [];
  const change = (op: Change['op']) => (member: string) => ({ id, op, member: member.toLowerCase() });
  return [
    ...(body.members_to_add ?? []).map(change('add')),
    ...(body.members_to_remove ?? []).map(change('remove')),
  ];
}

function klaviyo({ request }: Exchange, profiles: ReadonlyMap<string, string>): Change[] {
  const list = /^\/lists\/([^/]+)\/relationships\/profiles$/.exec(request.path)?.[1];
  if (list) {
    const { data } = request.body as { data: { id: string }[] };
    const op = request.method === 'DELETE' ? 'remove' : 'add';
    return data.map(({ id }) => ({ id: list, op, member: profiles.get(id) ?? id }));
  }
  if (request.path !== '/profile-bulk-import-jobs') return [];
  type Import = {
    data: {
      attributes: { profiles: { data: { attributes: { email: string } }[] } };
      relationships?: { lists?: { data: { id: string }[] } };
    };
  };
  const { attributes, relationships } = (request.body as Import).data;
  const lists = relationships?.lists?.data ?? [];
  return lists.flatMap(({ id }) =>
    attributes.profiles.data.map((profile) => ({ id, op: 'add' as const, member: profile.attributes.email })),
  );
}

function facebook({ request }: Exchange): Change[] {
  const id = /^\/(\d+)\/users(?:replace)?$/.exec(request.path)?.[1];
  if (!id) return [];
  const body = request.body as { payload: unknown; method?: string };
  const payload = (typeof body.payload === 'string' ? JSON.parse(body.payload) : body.payload) as {
    data: (string | string[])[];
  };
  const op = (body.method ?? request.method) === 'DELETE' ? 'remove' : 'add';
  return payload.data.map((row) => ({ id, op, member: [row].flat()[0]! }));
}

/** What audiences are called, by platform and id, from what was answered when they were made. */
function namesOf(exchanges: readonly Exchange[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { platform, request, reply } of exchanges) {
    if (request.method !== 'POST') continue;
    const body = request.body as { name?: string; data?: { attributes?: { name?: string } } } | undefined;
    const made = reply.body as { id?: string | number; data?: { id?: string } } | undefined;
    const name = body?.name ?? body?.data?.attributes?.name;
    const id = made?.id ?? made?.data?.id;
    if (name !== undefined && id !== undefined) names.set(`${platform} ${id}`, name);
  }
  return names;
}
