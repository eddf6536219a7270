import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { COUNTERS, GAUGES, HISTOGRAMS } from './definitions.ts';

type Made<Definitions, Metric> = { readonly [Key in keyof Definitions]: Metric };

export type Metrics = {
  counters: Made<typeof COUNTERS, Counter>;
  gauges: Made<typeof GAUGES, Gauge>;
  histograms: Made<typeof HISTOGRAMS, Histogram>;
};

/** Every metric at its beginning, and those of the process, in a registry of its own. */
export function openRegistry(): Metrics & { registry: Registry } {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    counters: made(COUNTERS, ({ labels, ...one }) => new Counter({ ...one, labelNames: labels, registers })),
    gauges: made(GAUGES, ({ labels, ...one }) => new Gauge({ ...one, labelNames: labels, registers })),
    histograms: made(
      HISTOGRAMS,
      ({ labels, buckets, ...one }) =>
        new Histogram({ ...one, labelNames: labels, buckets: [...buckets], registers }),
    ),
  };
}

function made<Definitions extends object, Metric>(
  definitions: Definitions,
  make: (definition: Definitions[keyof Definitions]) => Metric,
): Made<Definitions, Metric> {
  return Object.fromEntries(
    Object.entries(definitions).map(([key, definition]) => [
      key,
      make(definition as Definitions[keyof Definitions]),
    ]),
  ) as Made<Definitions, Metric>;
}
