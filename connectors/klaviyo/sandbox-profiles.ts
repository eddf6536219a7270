import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { filterIn, invalid, notFound, page, read, self, sparse, time } from './sandbox-jsonapi.ts';
import type { Endpoint } from './sandbox-rates.ts';
import { ProfileAttributes, type Profile, type Store } from './sandbox-store.ts';

const Update = z.object({
  data: z.object({
    type: z.literal('profile'),
    id: z.string(),
    attributes: ProfileAttributes.default({}),
  }),
});
const Deletion = z.object({
  data: z.object({
    type: z.literal('data-privacy-deletion-job'),
    attributes: z.object({
      profile: z.object({
        data: z.object({
          type: z.literal('profile'),
          id: z.string().nullish(),
          attributes: z.object({ email: z.string().nullish(), phone_number: z.string().nullish() }),
        }),
      }),
    }),
  }),
});

/** Profiles: found by filter, updated by id, deleted by exactly one identifier. */
export function profileEndpoints(store: Store): Endpoint[] {
  return [
    { method: 'GET', path: /^\/profiles$/, tier: 'L', handle: getProfiles },
    { method: 'PATCH', path: /^\/profiles\/([^/]+)$/, tier: 'L', handle: update },
    { method: 'POST', path: /^\/data-privacy-deletion-jobs$/, tier: 'S', handle: deleteProfiles },
  ];

  function getProfiles(request: SandboxRequest): SandboxReply {
    const text = request.query.get('filter') ?? '';
    if (text.includes('(updated,')) return getUpdated(request, text);
    const filter = filterIn(request.query, ['id', 'email', 'phone_number', 'external_id']);
    const found = filter?.values.flatMap((value) => store.find(filter.field, value) ?? []);
    const profiles = found ? [...new Set(found)] : [...store.profiles.values()];
    return page(request, profiles, { usual: 20, most: 100 }, (profile) => showProfile(request, profile));
  }

  /** Understands `greater-than(updated,…)` and `less-than(updated,…)`, alone or within `and(…)`, in order of update. */
  function getUpdated(request: SandboxRequest, filter: string): SandboxReply {
    const bound = (operator: string) => {
      const time = new RegExp(`${operator}\\(updated,(\\d{4}-[\\dT:.+Z-]+)\\)`).exec(filter)?.[1];
      return time === undefined ? undefined : Date.parse(time);
    };
    const [after = -Infinity, before = Infinity] = [bound('greater-than'), bound('less-than')];
    if (Number.isNaN(after) || Number.isNaN(before)) {
      throw invalid('Invalid filter provided.', { parameter: 'filter' });
    }
    const shown = [...store.profiles.values()]
      .filter(({ updated }) => updated > after && updated < before)
      .toSorted((a, b) => a.updated - b.updated);
    return page(request, shown, { usual: 20, most: 100 }, (profile) => showProfile(request, profile));
  }

  function update(request: SandboxRequest, id: string): SandboxReply {
    const { data } = read(Update, request.body);
    const profile = store.profiles.get(id);
    if (!profile) throw notFound('profile', id);
    if (data.id !== id) throw invalid('The id is not that of the path.', { pointer: '/data/id' });
    const wrong = wrongProperty(data.attributes);
    if (wrong) throw invalid(wrong.detail, { pointer: `/data/attributes/${wrong.field}` });
    return {
      status: 200,
      body: { data: showProfile(request, store.patch(profile, data.attributes)), links: self(request.path) },
    };
  }

  /** At once, where Klaviyo takes its time. */
  function deleteProfiles(request: SandboxRequest): SandboxReply {
    const { id, attributes } = read(Deletion, request.body).data.attributes.profile.data;
    const given = Object.entries({ id, ...attributes }).filter(([, value]) => value != null);
    const [identifier, ...others] = given;
    if (!identifier || others.length > 0) throw invalid('Exactly one identifier must be given.');
    const profile = store.find(identifier[0], identifier[1] ?? undefined);
    if (profile) store.erase(profile);
    return { status: 202 };
  }
}

/** Names with a dollar sign are Klaviyo's own; that others are refused is stricter than anything published. */
export function wrongProperty({ properties }: ProfileAttributes) {
  const name = Object.keys(properties ?? {}).find((key) => key.startsWith('$'));
  return name === undefined
    ? undefined
    : { field: `properties/${name}`, detail: `${name} is not a valid property name.` };
}

export function showProfile(request: SandboxRequest, { id, attributes, updated, subscriptions }: Profile) {
  const additional = request.query.get('additional-fields[profile]') === 'subscriptions';
  const more = additional ? { updated: time(updated), subscriptions: subscriptions ?? NEVER } : {};
  return {
    type: 'profile',
    id,
    attributes: sparse(request, 'profile', { ...attributes, ...more }),
    links: self(`/profiles/${id}`),
  };
}

/** Of somebody who never said anything; Klaviyo would let them be written to all the same. */
const NEVER = {
  email: { marketing: { can_receive_email_marketing: true, consent: 'NEVER_SUBSCRIBED', suppression: [] } },
  sms: { marketing: { can_receive_sms_marketing: false, consent: 'NEVER_SUBSCRIBED' } },
};
