import type { Limiter } from '../limiter.ts';
import { merged } from '../merged.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import { accountLimiter, klaviyoApi, type Api } from './api.ts';
import { readEvents, type EventPage, type Span } from './events.ts';
import { readMetrics, type Metric } from './metrics.ts';
import { LAG_MS, type KlaviyoSourceSettings } from './source.ts';

const [SECOND_MS, DAY_MS] = [1_000, 86_400_000];
const MANY_MS = 60 * DAY_MS;
/** Streams of events side by side: with answers of half a second, sixteen pages a second, far from the quota of 350. */
const STREAMS = 8;

/**
 * Opens the events of one Klaviyo account as a source; see `Source` for what each function promises.
 * @param now the time of day, in milliseconds since 1970
 */
export function openKlaviyoSource(
  settings: KlaviyoSourceSettings,
  context: Pick<SourceContext, 'signal' | 'backoff_ms'>,
  limiter: Limiter = accountLimiter(settings),
  now: () => number = Date.now,
): Source {
  const api = klaviyoApi(settings, context, limiter);
  return {
    check: () => check(api, settings, now()),
    pull: (from) => pull(api, settings, from, now()),
  };
}

async function check(api: Api, { metrics: asked }: KlaviyoSourceSettings, now: number): Promise<string[]> {
  const { metrics, missing } = await readMetrics(api, asked);
  const facts = metrics.map(({ id, name, type }) => `${name} (${id}): read as ${type}`);
  const [first] = metrics;
  // A metric of the last hour shows whether events and their people may be read.
  if (first) await readEvents(api, first, { from: now - 3_600_000, until: now }).next();
  return [
    `key accepted, with metrics:read${first ? ', events:read and profiles:read' : '; the account has no metrics to read yet'}`,
    ...facts,
    ...missing.map(noMetric),
  ];
}

function noMetric(name: string): string {
  return `the account has no metric called "${name}" (yet)`;
}

type Unit = { metric: Metric; index: number; span: Span };
type Came = Unit & { page?: EventPage };

/**
 * Reads the metrics day by day, or week by week, several of them side by side. A metric's mark is the end of the last
 * one up to which all was read, so that a pull that is cut off goes on there.
 */
async function* pull(
  api: Api,
  { metrics: asked }: KlaviyoSourceSettings,
  from: PullFrom,
  now: number,
): AsyncGenerator<Page> {
  const { metrics, missing } = await readMetrics(api, asked);
  if (missing.length > 0) yield { warnings: missing.map(noMetric) };
  const until = Math.ceil(now / SECOND_MS) * SECOND_MS;
  const units = metrics
    .flatMap((metric) =>
      spans(beginningOf(metric, from), until).map((span, index) => ({ metric, index, span })),
    )
    .toSorted((a, b) => a.span.until - b.span.until);
  const left = { nobody: 0, undated: 0 };
  const marks = marker();
  for await (const { page, ...unit } of merged(streams(api, units), STREAMS)) {
    if (page) {
      left.nobody += page.nobody;
      left.undated += page.undated;
      yield { events: page.events };
    } else {
      const mark = marks.done(unit);
      if (mark) yield { marks: mark };
    }
  }
  yield { warnings: warningsOf(left) };
}

function* streams(api: Api, units: readonly Unit[]): Generator<AsyncGenerator<Came>> {
  for (const unit of units) yield stream(api, unit);
}

/** The pages of a unit, and it alone once they are all there. */
async function* stream(api: Api, unit: Unit): AsyncGenerator<Came> {
  for await (const page of readEvents(api, unit.metric, unit.span)) yield { ...unit, page };
  yield unit;
}

function partOf({ id }: Metric): string {
  return `metric ${id}`;
}

function beginningOf(metric: Metric, { marks, since }: PullFrom): number | undefined {
  const mark = marks.get(partOf(metric));
  if (mark !== undefined) return Date.parse(mark) - LAG_MS;
  const start = since.get('events');
  return start === undefined ? undefined : Date.parse(start);
}

/** Days from a time on, weeks where they would be many, the last shorter; without a beginning all is one. */
function spans(begin: number | undefined, until: number): Span[] {
  if (begin === undefined) return [{ until }];
  const from = Math.floor(begin / SECOND_MS) * SECOND_MS;
  const length = until - from > MANY_MS ? 7 * DAY_MS : DAY_MS;
  const count = Math.max(0, Math.ceil((until - from) / length));
  return Array.from({ length: count }, (_, index) => ({
    from: from + index * length,
    until: Math.min(until, from + (index + 1) * length),
  }));
}

/** Knows up to where each metric has been read without a gap, though its spans end in any order. */
function marker() {
  const ended = new Map<string, Map<number, Unit>>();
  const next = new Map<string, number>();

  function done(unit: Unit): Record<string, string> | undefined {
    const part = partOf(unit.metric);
    const units = ended.get(part) ?? new Map<number, Unit>();
    ended.set(part, units.set(unit.index, unit));
    let mark: number | undefined;
    for (let index = next.get(part) ?? 0; units.has(index); index += 1) {
      mark = units.get(index)!.span.until;
      units.delete(index);
      next.set(part, index + 1);
    }
    return mark === undefined ? undefined : { [part]: new Date(mark).toISOString() };
  }

  return { done };
}

function warningsOf({ nobody, undated }: { nobody: number; undated: number }): string[] {
  const warnings: string[] = [];
  if (nobody > 0) {
    warnings.push(
      `${nobody} events left out: Klaviyo knows neither address, nor number, nor external id of who did it`,
    );
  }
  if (undated > 0) warnings.push(`${undated} events left out: they have no time`);
  return warnings;
}
