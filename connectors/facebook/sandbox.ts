import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { openAudiences, type SandboxAudience } from './sandbox-audiences.ts';
import { openQuota } from './sandbox-quota.ts';
import { missing, ok, refuse, shown, textParam } from './sandbox-replies.ts';
import { openUploads } from './sandbox-users.ts';
import { API_VERSION } from './schema.ts';

const TOKEN = 'sandbox';
/** Number of the one ad account. */
const ACCOUNT = '1';

/**
 * Imitates the custom audiences of the ad account `act_1`, with the token `sandbox`: audiences, members, upload
 * sessions, lookalikes and the hourly quota.
 */
export function facebookSandbox(options: SandboxOptions): SandboxPlatform {
  const now = options.now ?? Date.now;
  const quota = openQuota(ACCOUNT, now);
  const uploads = openUploads(now);
  const store = openAudiences(ACCOUNT, now);

  const route = (request: SandboxRequest): SandboxReply => {
    // A POST may carry the method it stands for.
    const method = textParam(request, 'method') || request.method;
    const [, id = '', edge = '', ...rest] = request.path.split('/');
    const unsupported = refuse(100, `Unsupported ${method.toLowerCase()} request`, { subcode: 33 });
    if (rest.length > 0) return unsupported;
    if (id === `act_${ACCOUNT}`) {
      if (method === 'GET' && edge === '') return shown(request, ACCOUNT_NODE);
      if (edge !== 'customaudiences') return unsupported;
      if (method === 'GET') return store.list(request);
      return method === 'POST' ? store.create(request) : unsupported;
    }
    const audience = store.audiences.get(id);
    if (!audience) return missing(id);
    switch (`${method} ${edge}`) {
      case 'GET ':
        return store.read(audience, request);
      case 'DELETE ':
        return store.remove(audience);
      case 'GET sessions':
        return ok({ data: uploads.sessions.list(id, request.query.get('session_id')) });
      case 'POST users':
        return changeable(audience) ?? uploads.take(audience, 'add', request);
      case 'DELETE users':
        return changeable(audience) ?? uploads.take(audience, 'remove', request);
      case 'POST usersreplace':
        return changeable(audience) ?? uploads.take(audience, 'replace', request);
      default:
        return unsupported;
    }
  };

  return {
    name: 'facebook',
    prefix: `/${API_VERSION}`,
    handle(request) {
      if (request.query.get('access_token') !== TOKEN) return refuse(190, 'Invalid OAuth access token');
      const { header, exhausted } = quota.spend(store.audiences.size);
      const throttled = refuse(80003, 'There have been too many calls to this ad-account', {
        subcode: 2446079,
      });
      const reply = exhausted ? throttled : route(request);
      return { ...reply, headers: { ...reply.headers, 'x-business-use-case-usage': header } };
    },
    state() {
      const all = [...store.audiences.values()];
      const custom = all.filter(({ subtype }) => subtype === 'CUSTOM');
      return {
        audiences: Object.fromEntries(
          custom.map(({ name, id, members }) => [name, { id, members: members.hashes() }]),
        ),
        lookalikes: all.flatMap(({ id, name, lookalike }) =>
          lookalike
            ? [{ id, name, origin_audience_id: lookalike.origin_audience_id, ...lookalike.spec }]
            : [],
        ),
      };
    },
  };
}

const ACCOUNT_NODE = {
  id: `act_${ACCOUNT}`,
  account_id: ACCOUNT,
  name: 'Sandbox shop',
  account_status: 1,
  currency: 'EUR',
  timezone_name: 'Europe/Bucharest',
  user_tasks: ['DRAFT', 'ANALYZE', 'ADVERTISE', 'MANAGE'],
  tos_accepted: { custom_audience_tos: 1, web_custom_audience_tos: 1 },
};

function changeable({ subtype }: SandboxAudience): SandboxReply | undefined {
  return subtype === 'CUSTOM' ? undefined : refuse(2650, 'Failed to update the custom audience');
}
