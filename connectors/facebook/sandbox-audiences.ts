import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { readLookalike, type Lookalike } from './sandbox-lookalikes.ts';
import { openMembers, type Members } from './sandbox-members.ts';
import { missing, ok, param, refuse, shown, textParam } from './sandbox-replies.ts';
import { API_VERSION } from './schema.ts';

export type SandboxAudience = {
  id: string;
  name: string;
  subtype: 'CUSTOM' | 'LOOKALIKE';
  description: string;
  customer_file_source?: string;
  is_value_based: boolean;
  /** Seconds since 1970. */
  time_created: number;
  members: Members;
  lookalike?: Lookalike;
};

const MOST_PER_SUBTYPE = 500;

const Create = z.object({
  name: z.string().min(1),
  description: z.string().default(''),
  subtype: z.literal('CUSTOM'),
  customer_file_source: z.enum([
    'USER_PROVIDED_ONLY',
    'PARTNER_PROVIDED_ONLY',
    'BOTH_USER_AND_PARTNER_PROVIDED',
  ]),
  is_value_based: z.boolean().default(false),
});
const Filtering = z.array(
  z.object({ field: z.literal('name'), operator: z.enum(['EQUAL', 'CONTAIN']), value: z.string() }),
);

/** Imitates the custom audiences of one ad account. @param account its number, without `act_` */
export function openAudiences(account: string, now: () => number) {
  const audiences = new Map<string, SandboxAudience>();
  let lastId = 23_850_000_000_000_000n;

  const insert = (audience: Omit<SandboxAudience, 'id' | 'time_created' | 'members'>): SandboxReply => {
    const { subtype } = audience;
    const held = [...audiences.values()].filter((other) => other.subtype === subtype);
    if (held.length >= MOST_PER_SUBTYPE) {
      return refuse(2654, `Failed to create the custom audience: ${MOST_PER_SUBTYPE} exist`);
    }
    const id = String((lastId += 10n));
    audiences.set(id, {
      ...audience,
      id,
      time_created: Math.floor(now() / 1000),
      members: openMembers(),
    });
    return ok({ id });
  };

  return {
    audiences,

    create(request: SandboxRequest): SandboxReply {
      if (param(request, 'subtype') === 'LOOKALIKE') {
        const lookalike = readLookalike(request, audiences);
        if ('status' in lookalike) return lookalike;
        return insert({
          name: textParam(request, 'name'),
          subtype: 'LOOKALIKE',
          description: '',
          is_value_based: false,
          lookalike,
        });
      }
      const parsed = Create.safeParse(request.body);
      if (parsed.success) return insert(parsed.data);
      return refuse(100, `Invalid parameter: ${String(parsed.error.issues[0]?.path[0])}`);
    },

    list(request: SandboxRequest): SandboxReply {
      const filtering = Filtering.safeParse(param(request, 'filtering') ?? []);
      if (!filtering.success)
        return refuse(100, 'Param filtering is not a list of filters this sandbox knows');
      const chosen = [...audiences.values()].filter((audience) =>
        filtering.data.every(({ operator, value }) =>
          operator === 'EQUAL' ? audience.name === value : audience.name.includes(value),
        ),
      );
      const limit = Math.max(1, Number(request.query.get('limit') ?? 25));
      const after = request.query.get('after');
      const start = after ? chosen.findIndex(({ id }) => cursor(id) === after) + 1 : 0;
      const page = chosen.slice(start, start + limit);
      const views = page.map((audience) => shown(request, view(audience)));
      const refused = views.find((seen) => seen.status !== 200);
      if (refused) return refused;

      const cursors = { before: cursor(page[0]?.id), after: cursor(page.at(-1)?.id) };
      const next = start + limit < chosen.length ? nextLink(request, cursors.after) : undefined;
      return ok({
        data: views.map(({ body }) => body),
        ...(page.length > 0 ? { paging: { cursors, next } } : {}),
      });
    },

    read: (audience: SandboxAudience, request: SandboxRequest) => shown(request, view(audience)),

    remove(audience: SandboxAudience): SandboxReply {
      if (lookalikesOf(audience.id).length > 0) {
        return refuse(2656, 'Failed to delete custom audience because lookalikes depend on it');
      }
      return audiences.delete(audience.id) ? ok({ success: true }) : missing(audience.id);
    },
  };

  function lookalikesOf(id: string): string[] {
    const all = [...audiences.values()];
    return all.filter(({ lookalike }) => lookalike?.origin_audience_id === id).map((other) => other.id);
  }

  /** Every field that this sandbox has of an audience. */
  function view({ members, lookalike, ...plain }: SandboxAudience): Record<string, unknown> {
    const count = members.size();
    return {
      customer_file_source: undefined,
      ...plain,
      account_id: account,
      approximate_count_lower_bound: count,
      approximate_count_upper_bound: count,
      delivery_status: { code: 200, description: 'This audience is ready for use.' },
      operation_status: { code: 200, description: 'Normal' },
      time_updated: plain.time_created,
      time_content_updated: plain.time_created,
      lookalike_audience_ids: lookalikesOf(plain.id),
      lookalike_spec: lookalike?.spec,
    };
  }
}

function cursor(id = ''): string {
  return Buffer.from(id).toString('base64url');
}

/** The SDK follows this link as it is, so it names the host the request came to. */
function nextLink(request: SandboxRequest, after: string): string {
  const query = new URLSearchParams(request.query);
  query.set('after', after);
  return `http://${request.headers.host ?? ''}/${API_VERSION}${request.path}?${query.toString()}`;
}
