import type { Limiter } from '../limiter.ts';
import { merged } from '../merged.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import { accountLimiter, klaviyoApi, type Api } from './api.ts';
import { readConsent } from './consent.ts';
import { readEvents, type EventPage } from './events.ts';
import { readMetrics, type Metric } from './metrics.ts';
import { LAG_MS, type KlaviyoSourceSettings } from './source.ts';
import { marker, spans, type Span } from './spans.ts';

const [SECOND_MS, DAY_MS] = [1_000, 86_400_000];
/** Streams side by side: with answers of half a second, sixteen pages a second. The quota of events is 350. */
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

async function check(
  api: Api,
  { metrics: asked, profiles }: KlaviyoSourceSettings,
  now: number,
): Promise<string[]> {
  const { metrics, missing } = await readMetrics(api, asked);
  // A look at the last hour shows whether events and profiles may be read.
  const hour = { from: now - 3_600_000, until: now };
  const [first] = metrics;
  if (first) await readEvents(api, first, hour).next();
  if (profiles) await readConsent(api, hour).next();
  const scopes = [
    'metrics:read',
    ...(first ? ['events:read'] : []),
    ...(profiles || first ? ['profiles:read'] : []),
  ];
  return [
    `key accepted, with ${scopes.join(', ')}`,
    ...metrics.map(({ id, name, type }) => `${name} (${id}): read as ${type}`),
    ...(first ? [] : ['the account has no metrics to read yet']),
    ...missing.map(noMetric),
  ];
}

function noMetric(name: string): string {
  return `the account has no metric called "${name}" (yet)`;
}

type Read = Page & Partial<Pick<EventPage, 'nobody' | 'undated'>>;
/** One span of one part, and how it is read. */
type Unit = { part: string; index: number; span: Span; read(span: Span): AsyncGenerator<Read> };

/**
 * Reads day by day, or week by week, several spans and metrics side by side. A part's mark is the end of the last span
 * up to which all was read, so that a pull that is cut off goes on there.
 */
async function* pull(
  api: Api,
  { metrics: asked, profiles }: KlaviyoSourceSettings,
  from: PullFrom,
  now: number,
): AsyncGenerator<Page> {
  const { metrics, missing } = await readMetrics(api, asked);
  if (missing.length > 0) yield { warnings: missing.map(noMetric) };
  const until = Math.ceil(now / SECOND_MS) * SECOND_MS;
  const units = [
    ...(profiles ? unitsOf('profiles', profileSpans(from, until), (span) => readConsent(api, span)) : []),
    ...metrics.flatMap((metric) =>
      unitsOf(partOf(metric), spans(beginningOf(metric, from), until), (span) =>
        readEvents(api, metric, span),
      ),
    ),
  ].toSorted((a, b) => a.span.until - b.span.until);
  const left = { nobody: 0, undated: 0 };
  const marks = marker(from.marks);
  for await (const { unit, read } of merged(streams(units), STREAMS)) {
    if (read) {
      const { nobody = 0, undated = 0, ...page } = read;
      left.nobody += nobody;
      left.undated += undated;
      yield page;
    } else {
      const mark = marks.done(unit.part, unit.index, unit.span);
      if (mark) yield { marks: mark };
    }
  }
  yield { warnings: warningsOf(left) };
}

function unitsOf(part: string, of: readonly Span[], read: Unit['read']): Unit[] {
  return of.map((span, index) => ({ part, index, span, read }));
}

function* streams(units: readonly Unit[]) {
  for (const unit of units) yield stream(unit);
}

/** The pages of a unit, and it alone once they are all there. */
async function* stream(unit: Unit): AsyncGenerator<{ unit: Unit; read?: Read }> {
  for await (const read of unit.read(unit.span)) yield { unit, read };
  yield { unit };
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

/** At first all profiles, those that did not change for two years as one. */
function profileSpans({ since }: PullFrom, until: number): Span[] {
  const changed = since.get('profiles');
  if (changed !== undefined) return spans(Date.parse(changed), until);
  const old = until - 2 * 365 * DAY_MS;
  return [{ until: old }, ...spans(old, until)];
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
