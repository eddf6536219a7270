import { readFile } from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/daemon/metrics/definitions.ts';

const Rule = z.strictObject({
  alert: z.string().regex(/^[A-Za-z]+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+[smhd]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
});
const Rules = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule).min(1) })).length(1),
});

/** What a query names, read by Prometheus' own grammar; it has no errors. */
function namesIn(query: string): { metrics: string[]; labels: string[] } {
  const names = { metrics: [] as string[], labels: [] as string[] };
  parser.parse(query).iterate({
    enter({ type, from, to }) {
      if (type.isError) throw new Error(`Not a query: ${query}`);
      const text = query.slice(from, to);
      if (type.name === 'Identifier') names.metrics.push(text);
      if (type.name === 'LabelName') names.labels.push(text);
    },
  });
  return names;
}

test('the example rules are rules as Prometheus reads them, and name only metrics and labels that exist', async () => {
  const text = await readFile('config/prometheus-rules.yaml', 'utf8');
  const { rules } = Rules.parse(parse(text)).groups[0]!;
  const known = new Map<string, readonly string[]>(
    [COUNTERS, HISTOGRAMS, GAUGES]
      .flatMap((kind) => Object.values<{ name: string; labels: readonly string[] }>(kind))
      .map(({ name, labels }) => [name, labels]),
  );

  for (const { expr, annotations } of rules) {
    const { metrics, labels } = namesIn(expr);
    expect(metrics).not.toEqual([]);
    for (const metric of metrics) expect([...known.keys()]).toContain(metric);
    const carried = metrics.flatMap((metric) => known.get(metric) ?? []);
    for (const label of labels) expect(['instance', ...carried]).toContain(label);
    const told = JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g);
    for (const [, label] of told) expect(carried).toContain(label);
  }
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});
