import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { openAudiences, type SandboxAudience, type SandboxDelays } from './sandbox-audiences.ts';
import { openQuota } from './sandbox-quota.ts';
import { ok, refuse, shown, textParam } from './sandbox-replies.ts';
import { debugToken, refusalOfToken } from './sandbox-tokens.ts';
import { openUploads } from './sandbox-users.ts';
import { API_VERSION } from './schema.ts';

/** The ad accounts: a shop's, one whose terms nobody accepted, and one that is disabled. */
const ACCOUNTS: Readonly<Record<string, { terms: boolean; status: number }>> = {
  1: { terms: true, status: 1 },
  3: { terms: false, status: 1 },
  4: { terms: true, status: 2 },
};
const TERMS = { custom_audience_tos: 1, web_custom_audience_tos: 1, value_based_custom_audience_tos: 1 };

/**
 * Imitates the custom audiences of the ad account `act_1`, with the token `sandbox`: audiences, members and their
 * values, upload sessions, lookalikes, the hourly quota and what Meta flags. `act_3` and `act_4`, and the tokens in
 * `sandbox-tokens.ts`, show what goes wrong.
 *
 * @param options delays are nothing unless given, but for the hour a lookalike takes
 */
export function facebookSandbox(options: SandboxOptions & Partial<SandboxDelays>): SandboxPlatform {
  const now = options.now ?? Date.now;
  const { visible_ms = 0, matched_ms = 0, filled_ms = 3_600_000 } = options;
  const accounts = Object.entries(ACCOUNTS).map(([number, { terms, status }]) => ({
    number,
    terms,
    node: nodeOf(number, terms, status),
    quota: openQuota(number, now),
    uploads: openUploads(now),
    store: openAudiences(number, now, { visible_ms, matched_ms, filled_ms }),
  }));
  type Account = (typeof accounts)[number];

  const ofAccount = ({ node, store, uploads }: Account, request: SandboxRequest, route: string) => {
    switch (route) {
      case 'GET ':
        return shown(request, node);
      case 'GET customaudiences':
        return store.list(request);
      case 'POST customaudiences':
        return store.create(request);
      case 'DELETE usersofanyaudience':
        return uploads.takeFromAll(store.audiences.values(), request);
      default:
        return unsupported(route);
    }
  };

  const ofAudience = (
    { store, uploads }: Account,
    audience: SandboxAudience,
    request: SandboxRequest,
    route: string,
  ) => {
    const upload = (operation: 'add' | 'remove' | 'replace') => {
      if (audience.subtype !== 'CUSTOM') return refuse(2650, 'Failed to update the custom audience');
      const reply = uploads.take(audience, operation, request);
      if (reply.status === 200) store.touch(audience);
      return reply;
    };
    switch (route) {
      case 'GET ':
        return store.read(audience, request);
      case 'POST ':
        return store.update(audience, request);
      case 'DELETE ':
        return store.remove(audience);
      case 'GET sessions':
        return ok({ data: uploads.sessions.list(audience.id, request.query.get('session_id')) });
      case 'POST users':
        return upload('add');
      case 'DELETE users':
        return upload('remove');
      case 'POST usersreplace':
        return upload('replace');
      default:
        return unsupported(route);
    }
  };

  const answer = (request: SandboxRequest): SandboxReply => {
    // A POST may carry the method it stands for.
    const method = textParam(request, 'method') || request.method;
    const [, id = '', edge = '', ...rest] = request.path.split('/');
    const route = `${method} ${[edge, ...rest].join('/')}`;
    const refusal = refusalOfToken(request, method);
    if (refusal) return refusal;
    if (id === 'debug_token') return debugToken(request, now);
    const account = accounts.find(({ number, store }) => id === `act_${number}` || store.audiences.has(id));
    if (!account) return accounts[0]!.store.at(id) as SandboxReply;
    const { header, exhausted } = account.quota.spend(account.store.audiences.size);
    const reply = exhausted ? THROTTLED : routed(account, id, request, route);
    return { ...reply, headers: { ...reply.headers, 'x-business-use-case-usage': header } };
  };

  const routed = (account: Account, id: string, request: SandboxRequest, route: string): SandboxReply => {
    if (!account.terms && !route.startsWith('GET ')) {
      return refuse(200, 'Permissions error', { subcode: 1870090, title: 'Custom Audience Terms' });
    }
    if (id.startsWith('act_')) return ofAccount(account, request, route);
    const audience = account.store.at(id);
    return 'status' in audience ? audience : ofAudience(account, audience, request, route);
  };

  return {
    name: 'facebook',
    prefix: `/${API_VERSION}`,
    handle: answer,
    state() {
      const all = [...accounts[0]!.store.audiences.values()];
      const custom = all.filter(({ subtype }) => subtype === 'CUSTOM');
      return {
        audiences: Object.fromEntries(custom.map((audience) => [audience.name, held(audience)])),
        lookalikes: all.flatMap(({ id, name, lookalike }) =>
          lookalike
            ? [{ id, name, origin_audience_id: lookalike.origin_audience_id, ...lookalike.spec }]
            : [],
        ),
      };
    },
  };
}

const THROTTLED = refuse(80003, 'There have been too many calls to this ad-account', { subcode: 2446079 });

function held({ id, members, is_value_based }: SandboxAudience): Record<string, unknown> {
  return { id, members: members.hashes(), ...(is_value_based ? { values: members.values() } : {}) };
}

function unsupported(route: string): SandboxReply {
  return refuse(100, `Unsupported ${route.split(' ')[0]!.toLowerCase()} request`, { subcode: 33 });
}

function nodeOf(number: string, terms: boolean, account_status: number): Record<string, unknown> {
  return {
    id: `act_${number}`,
    account_id: number,
    name: 'Sandbox shop',
    account_status,
    currency: 'EUR',
    timezone_name: 'Europe/Bucharest',
    user_tasks: ['DRAFT', 'ANALYZE', 'ADVERTISE', 'MANAGE'],
    tos_accepted: terms ? TERMS : {},
  };
}
