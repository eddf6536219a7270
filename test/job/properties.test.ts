import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { destinations, sources, type DestinationDefinition } from '../../connectors/index.ts';
import { problemsOf, readJob } from './shop-job.ts';

/** A platform whose names of properties are in capitals, and whose audiences may rank their members. */
const platform: DestinationDefinition = {
  type: 'platform',
  title: 'Platform of a test',
  audience_word: 'audience',
  settings: z.strictObject({ key: z.string().default('main') }),
  identifiers: ['email'],
  consent: { channel: 'email', rule: 'ignore' },
  account: () => 'main',
  properties: {
    word: 'merge field',
    nameProblem: (name) => (/^[A-Z]+$/.test(name) ? undefined : 'must be in capitals'),
    floor: () => 1,
  },
  audience_settings: z.strictObject({
    worth: z.string().optional().describe('Field.'),
    copies: z.number().default(1).describe('Copies.'),
  }),
  value_field: (settings) => (settings as { worth?: string }).worth,
  floor: () => 1,
  open: () => Promise.reject(new Error('never opened')),
};
const connectors = { sources, destinations: { ...destinations, platform } };

const job = (type: string, properties: string, audience = '') => `name: shop
currency: EUR
sources:
  - { type: csv, records: customers, path: p.csv, columns: { email: mail }, extra: { size: shoes } }
  - { type: csv, format: shopify, path: o.csv }
segments:
  lifecycle: {}
  custom:
    - { name: vip, where: { field: revenue, at_least: 5 } }
    - { name: shoes, per_category: { of: custom.vip } }
destinations:
  - type: ${type}
${type === 'klaviyo' ? '    api_key: some-key' : '    key: some-key'}
    properties: ${properties}
    audiences: [{ segment: lifecycle.top${audience} }]
`;

const told = (text: string) =>
  problemsOf(text, {}, connectors).map(({ where, what, fix }) => [where, what, fix].join(' | '));

test('a list or a mapping says what is stored of people, and the connector does not see it', () => {
  const [listed] = readJob(
    job('klaviyo', '[lifecycle, clv_12m, custom.vip, custom.shoes, extra.size]'),
    {},
    connectors,
  ).destinations;
  const [mapped] = readJob(job('platform', '{ STAGE: lifecycle, CITY: city }'), {}, connectors).destinations;

  expect(listed!.properties).toEqual([
    { name: 'lifecycle', from: { kind: 'segments', of: 'lifecycle' } },
    { name: 'clv_12m', from: { kind: 'field', field: 'clv_12m' } },
    { name: 'custom.vip', from: { kind: 'membership', segment: 'custom.vip' } },
    { name: 'custom.shoes', from: { kind: 'segments', of: 'custom.shoes' } },
    { name: 'extra.size', from: { kind: 'extra', column: 'size' } },
  ]);
  expect(mapped!.properties.map(({ name }) => name)).toEqual(['STAGE', 'CITY']);
  expect(mapped!.settings).toEqual({ key: 'some-key' });
});

describe('what is wrong with properties is told with its place and a suggestion:', () => {
  test.each([
    ['a misspelt field', '[lifecycl]', /14:18 .*There is no field "lifecycl".*Did you mean "lifecycle"\?/],
    ['a custom segment without custom', '[vip]', /14:18 .*Did you mean "custom\.vip"\?/],
    ['an extra column without extra', '[size]', /14:18 .*Did you mean "extra\.size"\?/],
    ['an extra column that no source carries', '[extra.sise]', /14:18 .*Did you mean "extra\.size"\?/],
    ['a model the job does not compute', '[engagement]', /14:18 .*Add engagement under segments/],
    ['a field twice', '[city, city]', /14:24 .*"city" stands here twice/],
    ['a name the platform keeps for itself', '{ $city: city }', /14:19 .*must not begin with \$/],
    ['a misspelt field of a mapping', '{ a: cty }', /14:22 .*Did you mean "city"\?/],
    ['no list', '5', /14:17 .*Expected list of texts or settings/],
  ])('%s', (_, properties, says) => {
    expect(told(job('klaviyo', properties))).toEqual([expect.stringMatching(says)]);
  });

  test('a list where names have rules of their own', () => {
    expect(told(job('platform', '[city]'))).toEqual([
      expect.stringMatching(
        /14:18 .*"city" cannot be the name of a merge field.*properties: \{ NAME: city \}/,
      ),
    ]);
  });

  test('a destination that can hold none', () => {
    const text = job('platform', '[city]').replace(
      'type: platform\n    key: some-key',
      'type: csv\n    path: out',
    );
    expect(told(text)).toEqual([expect.stringContaining('There is no setting "properties" here.')]);
  });
});

describe('what an audience says of its own', () => {
  const audiences = (audience: string) =>
    readJob(job('platform', '{ CITY: city }', audience), {}, connectors).destinations[0]!.audiences;

  test('is kept with its defaults, and the field that ranks members by itself', () => {
    expect(audiences(', worth: revenue')).toEqual([
      {
        segment: 'lifecycle.top',
        name: 'Top',
        settings: { worth: 'revenue', copies: 1 },
        value_field: 'revenue',
      },
    ]);
    expect(audiences('')).toEqual([{ segment: 'lifecycle.top', name: 'Top', settings: { copies: 1 } }]);
  });

  test.each([
    [', wort: revenue', /There is no setting "wort" here.*Did you mean "worth"\?/],
    [', worth: revenu', /15:\d+ .*There is no field "revenu".*Did you mean "revenue"\?/],
    [', worth: city', /"city" does not say what a member is worth.*Fields to take: .*clv_12m/],
    [', copies: two', /Expected number, found the text "two"/],
  ])('%s is told with a suggestion', (audience, says) => {
    expect(told(job('platform', '{ CITY: city }', audience))).toEqual([expect.stringMatching(says)]);
  });
});
