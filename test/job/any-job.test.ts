import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseDuration } from '../../src/job/duration.ts';
import { parseJob } from '../../src/job/load.ts';
import { audienceName, matchSegments, MODELS, modelSegments, segmentsOf } from '../../src/job/segments.ts';

const slug = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}$/);
const text = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((made) => made.trim() === made && !/[{}$]/.test(made));
const twoDays = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 400 }));

const anyJob = fc.record({
  name: slug,
  currency: fc.constantFrom('EUR', 'USD', 'JPY'),
  timezone: fc.constantFrom('UTC', 'Europe/Bucharest', 'America/New_York'),
  schedule: fc.constantFrom('0 5 * * *', '*/15 8-18 * * 1-5'),
  catch_up: fc.constantFrom('once', 'skip', 'all'),
  exchange_rates: fc.dictionary(
    fc.constantFrom('RON', 'GBP'),
    fc.integer({ min: 1, max: 10 ** 6 }).map(String),
  ),
  sources: fc.constant([{ type: 'csv', format: 'shopify', path: 'orders.csv' }]),
  segments: fc.record({
    lifecycle: fc.record({
      days: twoDays,
      top_share: fc.double({ min: 0, max: 1, noNaN: true }),
      labels: fc.record({ top: text.map((label) => `T ${label}`) }, { requiredKeys: [] }),
    }),
  }),
  folders: fc.uniqueArray(slug, { minLength: 1, maxLength: 3 }),
});

test('any job in order is read as it was written, in whatever style of YAML', () => {
  fc.assert(
    fc.property(anyJob, fc.boolean(), ({ folders, segments, ...rest }, flow) => {
      const { days, ...lifecycle } = segments.lifecycle;
      const [early, late] = [Math.min(...days), Math.max(...days) + 1];
      const given = {
        ...rest,
        segments: { lifecycle: { ...lifecycle, at_risk_after: `${early}d`, lost_after: `${late}d` } },
        destinations: folders.map((path) => ({
          type: 'csv',
          name: `to-${path}`,
          path,
          audiences: [{ segment: '*', file: '{model}-{segment}' }],
        })),
      };

      const job = parseJob(stringify(given, { collectionStyle: flow ? 'flow' : 'any' }), {
        file: 'a.yaml',
        env: {},
      });

      const { sources: _, ...settings } = rest;
      expect(job).toMatchObject(settings);
      expect(job.segments.lifecycle).toEqual({
        model: 'mbg_nbd',
        horizon: 365,
        at_risk_below: 0.6,
        lost_below: 0.25,
        backtest: true,
        ...lifecycle,
        at_risk_after: early,
        lost_after: late,
      });
      expect(job.destinations.map(({ name }) => name)).toEqual(folders.map((path) => `to-${path}`));
      for (const { audiences } of job.destinations)
        expect(audiences.map(({ name }) => name)).toEqual(
          Object.keys(MODELS.lifecycle).map((segment) => `lifecycle-${segment}`),
        );
    }),
    { numRuns: 60 },
  );
});

test('a pattern names segments in their own order', () => {
  const segments = segmentsOf({ lifecycle: {}, value_engagement: {} });
  const named = (pattern: string) => matchSegments(pattern, segments).map(({ name }) => name);

  expect(named('*')).toEqual(modelSegments({ lifecycle: {}, value_engagement: {} }));
  expect(named('lifecycle.*')).toEqual([
    'lifecycle.top',
    'lifecycle.active',
    'lifecycle.at_risk',
    'lifecycle.lost',
  ]);
  expect(named('*at_risk')).toEqual(['lifecycle.at_risk', 'value_engagement.spenders_at_risk']);
  expect(named('lifecycle.top')).toEqual(['lifecycle.top']);
  expect(named('lifecycleXtop')).toEqual([]);
  expect(named('[a-z]+')).toEqual([]);
});

test('a name is filled in with the label, the segment, its model and the job', () => {
  const [top] = segmentsOf({ lifecycle: { labels: { top: 'Best $&' } } });

  expect(audienceName('{job}/{model}.{segment}: {label}', top!, 'shop')).toBe('shop/lifecycle.top: Best $&');
});

test('durations count minutes, hours, days and weeks', () => {
  expect(['30m', '12h', '90d', '2w'].map(parseDuration)).toEqual([
    1_800_000, 43_200_000, 7_776_000_000, 1_209_600_000,
  ]);
  expect(['90', 'd', '1.5d', '-1d', '1y', '1d '].map(parseDuration)).toEqual(Array.from({ length: 6 }));
});
