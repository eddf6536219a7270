import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { jobSchema } from '../../src/job/json-schema.ts';
import { parseJob } from '../../src/job/load.ts';
import { JobFileError } from '../../src/job/problems.ts';
import { FILE, problemsOf, readJob, SHOP, shopWith } from './shop-job.ts';

/** The shop's job with entries of `custom`, each line as it is given. */
const withCustom = (...lines: string[]) =>
  shopWith(
    '  value_engagement: {}\n',
    `  value_engagement: {}\n  custom:\n${lines.map((line) => `    ${line}\n`).join('')}`,
  );

const withRule = (rule: string) => withCustom(`- { name: vip, where: ${rule} }`);

test('custom segments are read with their defaults, and stand after those of the models', () => {
  const job = readJob(
    withCustom(
      '- name: shoe_lovers',
      '  where:',
      '    all:',
      '      - { segment: lifecycle.top }',
      '      - { bought: { category: [Shoes, " Boots "], within: 52w } }',
      '- { name: top_by, label: Best, per_category: { of: custom.shoe_lovers } }',
    ),
  );

  expect(job.segments.custom).toEqual([
    {
      name: 'shoe_lovers',
      where: {
        all: [{ segment: 'lifecycle.top' }, { bought: { category: ['Shoes', 'Boots'], within: 364 } }],
      },
    },
    {
      name: 'top_by',
      label: 'Best',
      per_category: { of: 'custom.shoe_lovers', by: 'favourite', at_least: 50, rest: 'Other' },
    },
  ]);
  const csv = job.destinations.find(({ name }) => name === 'csv')!;
  expect(csv.audiences.slice(-2)).toEqual([
    { segment: 'custom.shoe_lovers', name: 'Shoe lovers' },
    { segment: 'custom.top_by.rest', name: 'Best: Other' },
  ]);
  expect(csv.open).toEqual([{ pattern: '*', template: '{label}' }]);
});

test('an editor accepts nested rules, and refuses a condition that is none', () => {
  const accepts = new Ajv({ allowUnionTypes: true, strictTuples: false, validateFormats: false });
  accepts.addVocabulary(['secret']);
  const check = accepts.compile(jobSchema());

  expect(check(parse(withRule('{ any: [{ not: { all: [{ field: country, is: RO }] } }] }')))).toBe(true);
  expect(check(parse(withRule('{ any: [{ not: { all: [{ fields: country, is: RO }] } }] }')))).toBe(false);
});

/** A » stands before the place that the problem is to name. */
test.for<{ rule: string; what: RegExp; fix: RegExp | undefined }>([
  {
    rule: '{ field: »contry, is: RO }',
    what: /no field "contry"/,
    fix: /"country"/,
  },
  { rule: '{ field: »extra.age, above: 3 }', what: /no field "extra\.age"/, fix: /README/ },
  {
    rule: '{ field: country, »above: 3 }',
    what: /"above" does not fit country, which is a text/,
    fix: /is, is_not, contains/,
  },
  {
    rule: '{ field: tags, »is: vip }',
    what: /does not fit tags, which is a list of texts/,
    fix: /has, known/,
  },
  {
    rule: '{ field: email_consent, is: »yep }',
    what: /one of yes, no, pending, unknown/,
    fix: /"yes"/,
  },
  { rule: '{ field: revenue, above: »12.34567 }', what: /four digits/, fix: undefined },
  {
    rule: '{ field: orders, above: »"3" }',
    what: /Expected a number, found a text/,
    fix: /without quotes/,
  },
  {
    rule: '{ field: zip, is: [»10115] }',
    what: /Expected a text, found a number/,
    fix: /"10115"/,
  },
  { rule: '{ field: p_alive, below: »60 }', what: /from 0 to 1/, fix: /0\.6/ },
  { rule: '{ field: last_order, before: »2026-02-30 }', what: /no such day/, fix: undefined },
  {
    rule: '{ field: last_order, within: »90 }',
    what: /Expected text, found the number 90/,
    fix: /"90"/,
  },
  {
    rule: '»{ field: country }',
    what: /does not say what is asked of country/,
    fix: /contains/,
  },
  { rule: '»{ is: RO }', what: /does not say what it is about/, fix: /field/ },
  { rule: '{ »fields: country, is: RO }', what: /no setting "fields"/, fix: /"field"/ },
  {
    rule: '{ segment: lifecycle.top, »is: RO }',
    what: /"is" cannot stand beside "segment"/,
    fix: /all or any/,
  },
  {
    rule: '{ any: [{ segment: »lifecycle.tops }] }',
    what: /no segment/,
    fix: /"lifecycle.top"/,
  },
  { rule: '{ segment: »value_tier.high }', what: /no segment/, fix: /Segments here/ },
  { rule: '{ segment: »custom.wip }', what: /no segment/, fix: /"custom.vip"/ },
  { rule: '{ segment: »lifecycle.* }', what: /no segment/, fix: undefined },
  {
    rule: '{ bought: { »categry: Shoes } }',
    what: /no setting "categry"/,
    fix: /"category"/,
  },
  { rule: '{ bought: { at_least: 3, at_most: »2 } }', what: /both/, fix: /greater/ },
  { rule: '{ bought: { spent_at_least: »much } }', what: /decimal number/, fix: undefined },
  { rule: '{ did: { event: »visits } }', what: /one of visit, view/, fix: /"visit"/ },
  { rule: '{ all: »[] }', what: /at least 1/, fix: undefined },
])('$rule is refused where it stands', ({ rule, what, fix }) => {
  const text = withRule(rule);
  const line = text.split('\n').findIndex((one) => one.includes('»'));
  const place = `${FILE}:${line + 1}:${text.split('\n')[line]!.indexOf('»') + 1} segments.custom[0].where`;

  const problems = problemsOf(text.replace('»', ''));

  expect(problems).toHaveLength(1);
  expect(problems[0]!.where).toContain(place);
  expect(problems[0]!.what).toMatch(what);
  if (fix) expect(problems[0]!.fix).toMatch(fix);
});

test('rules that go round in a circle are told by name', () => {
  const text = withCustom(
    '- { name: a, where: { field: country, is: RO } }',
    '- { name: b, where: { any: [{ segment: custom.a }, { not: { segment: custom.d } }] } }',
    '- { name: c, where: { segment: custom.b } }',
    '- { name: d, where: { segment: custom.c } }',
    '- { name: e, where: { segment: custom.e } }',
  );

  expect(problemsOf(text)).toMatchObject([
    {
      where: `${FILE}:24:18 segments.custom[1].where`,
      what: 'These rules go round in a circle: custom.b → custom.d → custom.c → custom.b.',
    },
  ]);
  expect(problemsOf(withRule('{ not: { segment: custom.vip } }'))).toMatchObject([
    { what: 'These rules go round in a circle: custom.vip → custom.vip.' },
  ]);
});

test.for([
  [
    'two of one name',
    '- { name: a, sql: x.sql }|- { name: a, where: { field: country, is: RO } }',
    /Another custom segment/,
  ],
  ['a name with capitals', '- { name: Vip, where: { field: country, is: RO } }', /small letters/],
  ['neither rule nor file', '- { name: a, label: A }', /does not say who is in it/],
  [
    'both rule and file',
    '- { name: a, where: { field: country, is: RO }, sql: x.sql }',
    /"sql" cannot stand beside "where"/,
  ],
  [
    'a file that is not there',
    '- { name: a, sql: ../segments/none.sql }',
    /segments\/none\.sql cannot be read/,
  ],
  [
    'favourites within a time',
    '- { name: a, per_category: { of: lifecycle.top, within: 30d } }',
    /"within" is for "by: bought"/,
  ],
  [
    'categories of nothing',
    '- { name: a, per_category: { of: lifecycle.tip } }',
    /"lifecycle.tip" is no segment/,
  ],
  [
    'a rule over categories',
    '- { name: a, per_category: { of: lifecycle.top } }|- { name: b, where: { segment: custom.a.shoes } }',
    /made by category/,
  ],
] as const)('%s is refused', ([, lines, what]) => {
  const problems = problemsOf(withCustom(...lines.split('|')));

  expect(problems.map((problem) => problem.what).join('\n')).toMatch(what);
});

test('a rule within rules ends where nobody could read it any more', () => {
  const deep = (depth: number) => `${'{ not: '.repeat(depth)}{ field: country, is: RO }${' }'.repeat(depth)}`;

  expect(problemsOf(withRule(deep(19)))).toEqual([]);
  expect(problemsOf(withRule(deep(20)))).toMatchObject([{ what: expect.stringContaining('20 deep') }]);
});

test('a job may have nothing but custom segments', () => {
  const only = SHOP.replace(
    /segments:\n.*\n.*\n/,
    'segments:\n  custom:\n    - { name: vip, where: { field: country, is: RO } }\n',
  )
    .replace('value_engagement.*', 'custom.*')
    .replace('lifecycle.at_risk', 'custom.vip')
    .replace('      - segment: lifecycle.top\n', '');

  expect(readJob(only).destinations.map(({ audiences }) => audiences.map(({ segment }) => segment))).toEqual([
    ['custom.vip'],
    ['custom.vip'],
    ['custom.vip'],
  ]);
});

test('a file of SQL is read with the job, and its first comment says who is in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'custom-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'vip.sql');
  const load = (text: string) => {
    writeFileSync(file, text);
    return parseJob(withCustom('- { name: vip, sql: vip.sql }'), {
      file: join(folder, 'job.yaml'),
      env: { MAILCHIMP_API_KEY: 'canary-mailchimp-us19', META_ACCESS_TOKEN: 'canary-meta' },
    }).sql_files;
  };
  const select = 'SELECT customer FROM customer_profiles';

  const comments = [
    '-- Those with\n--   two orders\n',
    '/* Those with\n * two orders */',
    '\n--Those with two   orders\n',
  ];
  for (const comment of comments)
    expect(load(comment + select)).toEqual([
      { name: 'vip', file, text: comment + select, comment: 'Those with two orders' },
    ]);
  for (const text of [select, `--\n${select}`, `${select} -- late`])
    expect(() => load(text)).toThrow(JobFileError);
});

test('a pattern over categories is taken on trust until a run has found them, other names are not', () => {
  const entry = '- { name: by, per_category: { of: lifecycle.top } }';
  const asking = (segment: string) => withCustom(entry).replace('value_engagement.*', segment);
  const openOf = (segment: string) =>
    readJob(asking(segment)).destinations[0]!.open.map(({ pattern }) => pattern);

  expect(openOf('custom.by.*')).toEqual(['custom.by.*']);
  expect(openOf('custom.by.shoes')).toEqual(['custom.by.shoes']);
  expect(openOf('custom.*')).toEqual(['custom.*']);
  expect(openOf('value_engagement.*')).toEqual([]);
  expect(problemsOf(asking('custom.bye.*'))).toMatchObject([{ code: 'CONFIG_UNKNOWN_SEGMENT' }]);
});

test('what config/README.md shows of rules is a job in order', () => {
  const readme = readFileSync('config/README.md', 'utf8');
  const blocks = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block!);
  const rules = blocks.find((block) => block.startsWith('segments:\n  lifecycle: {}\n  custom:'))!;

  const { custom } = readJob(
    SHOP.replace(/segments:\n.*\n.*\n/, () => rules).replace('value_engagement.*', '*'),
  ).segments;

  expect(custom?.map(({ name }) => name)).toEqual(['shoe_lovers', 'never_bought_hats']);
});
