import { expect, test } from 'vitest';
import { FILE, problemsOf, SHOP, shopWith } from './shop-job.ts';

test('a key that stands there twice is refused at its second place', () => {
  expect(problemsOf(shopWith('exchange_rates: { RON: 0.2 }', 'currency: EUR\nname: b'))).toEqual([
    {
      code: 'CONFIG_DUPLICATE',
      where: `${FILE}:6:1`,
      what: 'The key "currency" stands here a second time.',
      fix: 'Keep one of the two.',
    },
    expect.objectContaining({ where: `${FILE}:7:1` }),
  ]);
});

test.for([
  ['an unquoted schedule', '"0 5 * * *"', '*/5 * * * *', '3:11', /Put the value in quotes/],
  ['an unquoted pattern', '"value_engagement.*"', '*.top', '28:20', /Put the value in quotes/],
  [
    'an unquoted secret between braces',
    '"VE: {label}"',
    '${NAME}',
    '28:48',
    /Put it in quotes: "\$\{NAME\}"/,
  ],
  ['a tab', '    list_id', '\tlist_id', '26:1', /Indent with spaces/],
  ['an open quote', '"0 5 * * *"', '"0 5 * * *', '3:21', /not YAML/],
  ['a colon inside a value', 'path: ../../out/', 'path: out: here', '36:11', /in quotes/],
  ['a second document', 'segments:', '---\nsegments:', '19:1', /one job a file/],
  ['a tag', 'currency: EUR', 'currency: !code EUR', '5:11', /!code means nothing/],
] as const)('%s is placed and explained', ([, piece, other, place, words]) => {
  const [problem, ...others] = problemsOf(shopWith(piece, other));

  expect(others).toEqual([]);
  expect(problem).toMatchObject({ code: 'CONFIG_SYNTAX', where: `${FILE}:${place}` });
  expect(`${problem?.what} ${problem?.fix}`).toMatch(words);
});

test('a part repeated by alias keeps the place it was written at', () => {
  const text = shopWith('audiences: [{ segment: "*" }]', 'audiences: &all [{ segment: "*", tags: x }]');
  const again = `${text}  - { type: csv, path: b, audiences: *all }\n`;

  expect(problemsOf(again).map(({ where }) => where)).toEqual([
    `${FILE}:37:38 destinations[2].audiences[0].tags`,
    `${FILE}:37:38 destinations[3].audiences[0].tags`,
  ]);
});

test('a file that unfolds without end is refused', () => {
  const levels = 'bcdefgh'.split('').map((key, index) => {
    const last = 'abcdefgh'[index];
    return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${last}`).join(', ')}]`;
  });

  expect(problemsOf(['a: &a [x, x, x]', ...levels].join('\n'))).toMatchObject([
    { code: 'CONFIG_SYNTAX', what: expect.stringContaining('more than 100 times') },
  ]);
});

test('merge keys and a key named __proto__ are settings like any other: unknown', () => {
  const unknown = problemsOf(`${SHOP}__proto__: { name: x }\n"<<": { name: y }\n`).map(({ what }) => what);

  expect(unknown).toEqual(['There is no setting "__proto__" here.', 'There is no setting "<<" here.']);
});
