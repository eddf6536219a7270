import { expect, test } from 'vitest';
import { problemsOf, readJob } from './shop-job.ts';

const job = (more: string, audience = '{ segment: "*", file: all, one_file: true }') => `name: shop
currency: EUR
sources:
  - { type: csv, records: customers, path: p.csv, columns: { email: mail }, extra: { size: shoes } }
segments:
  lifecycle: {}
  custom:
    - { name: vip, where: { field: revenue, at_least: 5 } }
destinations:
  - type: csv
    path: out
    audiences: [${audience}]
${more}`;

const told = (...text: Parameters<typeof job>) =>
  problemsOf(job(...text)).map(({ where, what, fix }) => [where, what, fix].join(' | '));

test('columns take the words of properties, and the connector sees none of them among its settings', () => {
  const [listed] = readJob(
    job('    columns: [email, lifecycle, custom, custom.vip, extra.size]'),
  ).destinations;
  const [mapped] = readJob(job('    columns: { "E-mail": email }')).destinations;

  expect(listed!.columns).toEqual([
    { name: 'email', from: { kind: 'field', field: 'email' } },
    { name: 'lifecycle', from: { kind: 'segments', of: 'lifecycle' } },
    { name: 'custom', from: { kind: 'segments', of: 'custom' } },
    { name: 'custom.vip', from: { kind: 'membership', segment: 'custom.vip' } },
    { name: 'extra.size', from: { kind: 'extra', column: 'size' } },
  ]);
  expect(mapped!.columns.map(({ name }) => name)).toEqual(['E-mail']);
  expect(mapped!.settings).toEqual({ path: 'out', bom: false });
});

test('without columns there are those of the destination and every model of the job', () => {
  const [destination] = readJob(job('')).destinations;

  expect(destination!.columns.map(({ name }) => name).slice(-3)).toEqual(['country', 'lifecycle', 'custom']);
});

test('one file is one audience of all its segments, and shares the holdouts of each', () => {
  const [destination] = readJob(
    job('', '{ segment: "*.l*", file: "{job}", one_file: true }, { segment: lifecycle.lost, holdout: 0.1 }'),
  ).destinations;

  expect(destination!.audiences).toEqual([
    { segment: '*.l*', name: 'shop', together: { 'lifecycle.lost': 0.1 }, settings: { one_file: true } },
    { segment: 'lifecycle.lost', name: 'Lost', holdout: 0.1 },
  ]);
});

test.each([
  ['a misspelt column', '    columns: [emai]', /13:15 .*There is no field "emai".*Did you mean "email"\?/],
  ['a column twice', '    columns: [email, email]', /13:22 .*The column "email" stands here twice/],
  ['no columns', '    columns: []', /13:14 /],
])('%s is told with its place', (_, columns, says) => {
  expect(told(columns)).toEqual([expect.stringMatching(says)]);
});

test('one file of several segments has to be named', () => {
  expect(told('', '{ segment: "lifecycle.*", one_file: true }')).toEqual([
    expect.stringMatching(/"\{label\}" does not name one file of several segments.*file: customers/),
  ]);
});
