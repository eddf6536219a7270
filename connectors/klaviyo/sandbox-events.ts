import type { SandboxOptions, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { invalid, page, self, sparse, time } from './sandbox-jsonapi.ts';
import { showProfile } from './sandbox-profiles.ts';
import type { Endpoint } from './sandbox-rates.ts';
import type { Profile, ProfileAttributes, Store } from './sandbox-store.ts';

type Metric = { id: string; name: string; integration: string; events: Tracked[] };
type Tracked = { id: string; at: number; profile: Profile; properties: Record<string, unknown> };

/** Metrics that an account has from its first e-mail and visitor on. */
const USUAL = ['Opened Email', 'Clicked Email', 'Bounced Email', 'Active on Site', 'Viewed Product'];

export type SandboxEvents = ReturnType<typeof openEvents>;

/** Metrics and their events, of which `/events` tells by metric and time. */
export function openEvents(store: Store, options: SandboxOptions) {
  const metrics = new Map<string, Metric>();
  if (options.sample) addSample();

  /** A name may stand for several metrics, one of each integration. */
  function metric(name: string, integration = 'Klaviyo'): Metric {
    const known = [...metrics.values()].find((one) => one.name === name && one.integration === integration);
    if (known) return known;
    const made = { id: store.id('M', 6), name, integration, events: [] };
    metrics.set(made.id, made);
    return made;
  }

  /** @param at ISO time, which may be past events that are there already */
  function track(
    name: string,
    person: ProfileAttributes,
    at: string,
    more: { properties?: Record<string, unknown>; integration?: string } = {},
  ): string {
    const { events } = metric(name, more.integration);
    const { properties = {} } = more;
    const event = { id: store.id('E', 11), at: Date.parse(at), profile: store.upsert(person), properties };
    events.splice(firstAt(events, event.at + 1), 0, event);
    return event.id;
  }

  /** @param subscriptions in the form of `subscriptions` in Klaviyo's answers */
  function consent(person: ProfileAttributes, subscriptions: Record<string, unknown>): void {
    store.upsert(person).subscriptions = subscriptions;
  }

  function getMetrics(request: SandboxRequest): SandboxReply {
    return page(request, [...metrics.values()], { usual: 200, most: 200 }, ({ id, name, integration }) => ({
      type: 'metric',
      id,
      attributes: sparse(request, 'metric', {
        name,
        created: '2024-01-01T00:00:00+00:00',
        updated: '2024-01-01T00:00:00+00:00',
        integration: { object: 'integration', name: integration, category: 'Internal' },
      }),
      links: self(`/metrics/${id}`),
    }));
  }

  function getEvents(request: SandboxRequest): SandboxReply {
    const { query } = request;
    if (query.get('sort') !== 'datetime') {
      throw invalid('The sandbox tells events in the order of their time only.', { parameter: 'sort' });
    }
    const { metric_id, from, until } = conditions(query.get('filter') ?? '');
    const all = metrics.get(metric_id)?.events ?? [];
    const shown = all.slice(firstAt(all, from), firstAt(all, until));
    const people = new Set<Profile>();
    const reply = page(request, shown, { usual: 200, most: 1_000 }, (event) => {
      people.add(event.profile);
      return show(request, metric_id, event);
    });
    const included = [...people].map((profile) => showProfile(request, profile));
    const body = query.get('include') === 'profile' ? { ...(reply.body as object), included } : reply.body;
    return { ...reply, body };
  }

  /** Two weeks of some people, the same for the same day. */
  function addSample(): void {
    const now = options.now?.() ?? Date.now();
    for (const name of USUAL) metric(name);
    const invented = Array.from({ length: 30 }, (_, index) => `sample${index + 1}@shop.example`);
    const people = options.people?.map(({ email }) => email) ?? invented;
    for (const [index, email] of people.entries()) {
      const person = { email };
      for (let day = 14; day > 0; day -= 1) {
        const at = new Date(now - day * 86_400_000 + index * 60_000).toISOString();
        if ((index + day) % 5 === 0) {
          track('Opened Email', person, at, { properties: { machine_open: index % 4 === 0 } });
        }
        if ((index + day) % 11 === 0)
          track('Clicked Email', person, at, { properties: { 'Bot Click': false } });
        if ((index + day) % 7 === 0) track('Active on Site', person, at);
      }
    }
  }

  const endpoints: Endpoint[] = [
    { method: 'GET', path: /^\/metrics$/, tier: 'M', handle: getMetrics },
    { method: 'GET', path: /^\/events$/, tier: 'XL', handle: getEvents },
  ];
  return { endpoints, metric, track, consent };
}

function show(request: SandboxRequest, metric: string, { id, at, profile, properties }: Tracked) {
  return {
    type: 'event',
    id,
    attributes: sparse(request, 'event', {
      timestamp: Math.floor(at / 1_000),
      event_properties: properties,
      datetime: time(at),
      uuid: `${id}-uuid`,
    }),
    relationships: {
      profile: { data: { type: 'profile', id: profile.id } },
      metric: { data: { type: 'metric', id: metric } },
    },
    links: self(`/events/${id}`),
  };
}

/** Understands `and(equals(metric_id,"…"),greater-or-equal(datetime,…),less-than(datetime,…))`, times without quotes. */
function conditions(filter: string): { metric_id: string; from: number; until: number } {
  const wrong = invalid('Invalid filter provided.', { parameter: 'filter' });
  const inner = /^and\((.*)\)$/s.exec(filter)?.[1] ?? filter;
  const found = { metric_id: '', from: -Infinity, until: Infinity };
  for (const part of inner.split(/,(?=[a-z-]+\()/)) {
    const metric = /^equals\(metric_id,(["'])(\w+)\1\)$/.exec(part)?.[2];
    const [, operator, text = ''] =
      /^(greater-or-equal|less-than)\(datetime,(\d{4}-[\dT:.+Z-]+)\)$/.exec(part) ?? [];
    const at = Date.parse(text);
    if (metric) found.metric_id = metric;
    else if (Number.isNaN(at)) throw wrong;
    else if (operator === 'less-than') found.until = at;
    else found.from = at;
  }
  if (!found.metric_id) throw wrong;
  return found;
}

/** Where the first event stands that happened at a time or later; events are in the order of theirs. */
function firstAt(events: readonly Tracked[], at: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
