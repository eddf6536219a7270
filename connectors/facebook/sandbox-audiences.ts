import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { readLookalike, shownSpec, type Lookalike } from './sandbox-lookalikes.ts';
import { openMembers, type Members } from './sandbox-members.ts';
import { missing, ok, pageOf, param, refuse, shown } from './sandbox-replies.ts';
import { deliveryStatus, isFlagged, operationStatus, violations } from './sandbox-status.ts';

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
  /** The replacement that is running, by its session. */
  replacing?: string;
  /** Milliseconds since 1970: when requests find it, and when ads and lookalikes can use it. */
  visible_at: number;
  usable_at: number;
};

/** How long things take, in milliseconds. */
export type SandboxDelays = {
  /** Until a new audience is known everywhere. */
  visible_ms: number;
  /** Until people who were sent have been looked up. */
  matched_ms: number;
  /** Until a lookalike is filled. */
  filled_ms: number;
};

const MOST_PER_SUBTYPE = 500;

const Create = z.strictObject({
  id: z.string().optional(),
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
const CreateLookalike = z.strictObject({
  id: z.string().optional(),
  name: z.string().min(1),
  description: z.string().default(''),
  subtype: z.literal('LOOKALIKE'),
  origin_audience_id: z.string(),
  lookalike_spec: z.string(),
});
const Update = z.strictObject({
  id: z.string().optional(),
  name: z.string().min(1).optional(),
  description: z.string().optional(),
});
const Filtering = z.array(
  z.strictObject({ field: z.literal('name'), operator: z.enum(['EQUAL', 'CONTAIN']), value: z.string() }),
);

/** Imitates the custom audiences of one ad account. @param account its number, without `act_` */
export function openAudiences(account: string, now: () => number, delays: SandboxDelays) {
  const audiences = new Map<string, SandboxAudience>();
  let lastId = 23_850_000_000_000_000n + BigInt(account) * 1_000_000n;

  const insert = (
    audience: Pick<SandboxAudience, 'name' | 'description' | 'subtype' | 'is_value_based' | 'lookalike'>,
  ): SandboxReply => {
    const { subtype } = audience;
    const held = [...audiences.values()].filter((other) => other.subtype === subtype);
    if (held.length >= MOST_PER_SUBTYPE) {
      return refuse(2654, `Failed to create the custom audience: ${MOST_PER_SUBTYPE} exist`);
    }
    const id = String((lastId += 10n));
    const at = now();
    const rest = { id, time_created: Math.floor(at / 1000), members: openMembers() };
    const times = {
      visible_at: at + delays.visible_ms,
      usable_at: audience.lookalike ? at + delays.filled_ms : at,
    };
    audiences.set(id, { ...audience, ...rest, ...times });
    return ok({ id });
  };

  return {
    audiences,

    /** The audience a request names, or the answer to one that it cannot have. */
    at(id: string): SandboxAudience | SandboxReply {
      const audience = audiences.get(id);
      if (!audience) return missing(id);
      if (now() >= audience.visible_at) return audience;
      return refuse(803, `Some of the aliases you requested do not exist: ${id}`);
    },

    create(request: SandboxRequest): SandboxReply {
      const isLookalike = param(request, 'subtype') === 'LOOKALIKE';
      const parsed = isLookalike ? CreateLookalike.safeParse(request.body) : Create.safeParse(request.body);
      if (!parsed.success) {
        const { path, message } = parsed.error.issues[0]!;
        return refuse(100, `Invalid parameter: ${String(path[0] ?? message)}`);
      }
      const { data } = parsed;
      if (data.subtype === 'CUSTOM') return insert(data);
      const lookalike = readLookalike(request, audiences, now());
      if ('status' in lookalike) return lookalike;
      const { name, description, subtype } = data;
      return insert({ name, description, subtype, is_value_based: false, lookalike });
    },

    list(request: SandboxRequest): SandboxReply {
      const filtering = Filtering.safeParse(param(request, 'filtering') ?? []);
      if (!filtering.success)
        return refuse(100, 'Param filtering is not a list of filters this sandbox knows');
      const chosen = [...audiences.values()].filter(
        (audience) =>
          now() >= audience.visible_at &&
          filtering.data.every(({ operator, value }) =>
            operator === 'EQUAL' ? audience.name === value : audience.name.includes(value),
          ),
      );
      return pageOf(request, chosen, view);
    },

    read: (audience: SandboxAudience, request: SandboxRequest) => shown(request, view(audience)),

    /** A flagged audience takes no edit but one of what it is flagged for. */
    update(audience: SandboxAudience, request: SandboxRequest): SandboxReply {
      const parsed = Update.safeParse(request.body);
      if (!parsed.success) return refuse(100, 'Invalid parameter');
      const { name = audience.name, description = audience.description } = parsed.data;
      if (isFlagged(audience) && violations({ name, description }).length > 0) {
        return refuse(100, 'Invalid parameter', { subcode: 1713231, title: 'Update Restricted Fields' });
      }
      Object.assign(audience, { name, description });
      return ok({ success: true });
    },

    remove(audience: SandboxAudience): SandboxReply {
      if (lookalikesOf(audience.id).length > 0) {
        return refuse(2656, 'Failed to delete custom audience because lookalikes depend on it');
      }
      audiences.delete(audience.id);
      return ok({ success: true });
    },

    /** Members came or went: Meta looks them up anew. */
    touch: (audience: SandboxAudience): void => void (audience.usable_at = now() + delays.matched_ms),
  };

  function lookalikesOf(id: string): string[] {
    const all = [...audiences.values()];
    return all.filter(({ lookalike }) => lookalike?.origin_audience_id === id).map((other) => other.id);
  }

  /** Every field that this sandbox has of an audience. */
  function view(audience: SandboxAudience): Record<string, unknown> {
    const { id, name, subtype, description, customer_file_source, is_value_based, time_created } = audience;
    const { lookalike } = audience;
    // The true size is never told, only a range of hundreds.
    const size = lookalike ? 100_000 * (lookalike.spec.ratio ?? 0.01) : audience.members.size() / 100;
    return {
      id,
      name,
      subtype,
      description,
      customer_file_source,
      is_value_based,
      time_created,
      account_id: account,
      approximate_count_lower_bound: Math.floor(size) * 100,
      approximate_count_upper_bound: Math.ceil(size) * 100,
      delivery_status: deliveryStatus(audience, now()),
      operation_status: operationStatus(audience, now()),
      fields_violating_integrity_policy: isFlagged(audience) ? violations(audience) : undefined,
      delete_time: undefined,
      time_updated: time_created,
      time_content_updated: time_created,
      lookalike_audience_ids: lookalikesOf(id),
      lookalike_spec: lookalike && shownSpec(lookalike, audiences.get(lookalike.origin_audience_id)),
    };
  }
}
