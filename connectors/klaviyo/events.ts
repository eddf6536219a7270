import { z } from 'zod';
import type { Event, EventType } from '../records.ts';
import { cursorIn, type Api } from './api.ts';
import { answerError, type Call } from './explain.ts';
import type { Metric } from './metrics.ts';
import { literal, type Span } from './spans.ts';

/** The most events on a page (API description of revision 2026-07-15). */
const PAGE = 1_000;

const CALL: Call = {
  where: 'klaviyo',
  what: 'read events',
  scopes: ['events:read', 'metrics:read', 'profiles:read'],
  source: true,
};

const text = z.string().nullish();
const Events = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      attributes: z.object({
        datetime: text,
        event_properties: z.record(z.string(), z.unknown()).nullish().catch(undefined),
      }),
      relationships: z
        .object({ profile: z.object({ data: z.object({ id: z.string() }).nullish() }).nullish() })
        .nullish(),
    }),
  ),
  included: z
    .array(
      z.object({
        type: z.string(),
        id: z.string(),
        attributes: z.object({ email: text, phone_number: text, external_id: text }).nullish(),
      }),
    )
    .default([]),
  links: z.object({ next: z.string().nullish() }).nullish(),
});
type Events = z.output<typeof Events>;

/**
 * Where an event says that a program made it: mail clients that load pictures ahead, scanners that follow links. Apple's
 * private opens are among the former, whoever opened.
 */
const MACHINE: Partial<Record<EventType, readonly string[]>> = {
  open: ['machine_open', 'Apple Privacy Open'],
  click: ['Bot Click'],
};

/** `nobody` counts events of profiles by which no customer can be known, `undated` those without a time. */
export type EventPage = { events: Event[]; nobody: number; undated: number };

/**
 * The events of a metric within a span of time, the first first.
 * @throws SyncError
 */
export async function* readEvents(
  api: Api,
  { id, type }: Metric,
  { from, until }: Span,
): AsyncGenerator<EventPage> {
  const bounds = [
    `equals(metric_id,${JSON.stringify(id)})`,
    ...(from === undefined ? [] : [`greater-or-equal(datetime,${literal(from)})`]),
    `less-than(datetime,${literal(until)})`,
  ];
  const machine = MACHINE[type];
  let pageCursor: string | undefined;
  for (;;) {
    const query = {
      filter: `and(${bounds.join(',')})`,
      sort: 'datetime' as const,
      pageSize: PAGE,
      pageCursor,
      include: ['profile' as const],
      fieldsEvent: machine ? ['datetime' as const, 'event_properties' as const] : ['datetime' as const],
      fieldsProfile: ['email' as const, 'phone_number' as const, 'external_id' as const],
    };
    const { value } = await api.ask(
      CALL,
      Events,
      async () => (await api.events.getEvents(query)).response.data,
    );
    yield pageOf(value, type, machine);
    const next = cursorIn(value.links?.next);
    if (!next) return;
    if (next === pageCursor) throw answerError(CALL, 'The next page is the same one again.');
    pageCursor = next;
  }
}

function pageOf({ data, included }: Events, type: EventType, machine: readonly string[] = []): EventPage {
  const profiles = new Map(included.map(({ id, attributes }) => [id, attributes]));
  const page: EventPage = { events: [], nobody: 0, undated: 0 };
  for (const { id, attributes, relationships } of data) {
    const { email, phone_number, external_id } = profiles.get(relationships?.profile?.data?.id ?? '') ?? {};
    const at = Date.parse(attributes.datetime ?? '');
    if (!email && !phone_number && !external_id) page.nobody += 1;
    else if (Number.isNaN(at)) page.undated += 1;
    else {
      page.events.push({
        event_id: id,
        type,
        at: new Date(at).toISOString(),
        customer_id: external_id ?? undefined,
        email: email ?? undefined,
        phone: phone_number ?? undefined,
        is_machine: machine
          .map((name) => truth(attributes.event_properties?.[name]))
          .find((told) => told !== undefined),
      });
    }
  }
  return page;
}

/** Properties are JSON of the sender's making: true, "true" and "True" are one. */
function truth(value: unknown): boolean | undefined {
  const word = String(value).toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : undefined;
}
