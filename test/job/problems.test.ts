import { expect, test } from 'vitest';
import { FILE, problemsOf, SHOP, shopWith } from './shop-job.ts';

test('everything that is wrong is told at once, in the order of the file', () => {
  const text = shopWith('currency: EUR\n', '')
    .replace('schedule', 'schedul')
    .replace('top_share: 0.2', 'at_risk_after: 400d, lost_after: 90d, topshare: 1')
    .replace('value_engagement.*', 'engagement.*')
    .replace('segment: lifecycle.top', 'segment: lifecycle.at_risk')
    .replace('type: csv\n    path: ../../out/', 'type: csv\n    path: []');

  const codes = problemsOf(text, {}).map(({ code, where }) => `${code} ${where?.split(' ')[1]}`);

  expect(codes).toEqual([
    'CONFIG_MISSING_KEY currency',
    'CONFIG_UNKNOWN_KEY schedul',
    'CONFIG_WRONG_VALUE segments.lifecycle.at_risk_after',
    'CONFIG_UNKNOWN_KEY segments.lifecycle.topshare',
    'CONFIG_MISSING_SECRET destinations[0].api_key',
    'CONFIG_UNKNOWN_SEGMENT destinations[0].audiences[0].segment',
    'CONFIG_MISSING_SECRET destinations[1].access_token',
    'CONFIG_DUPLICATE destinations[1].audiences[1]',
    'CONFIG_WRONG_TYPE destinations[2].path',
  ]);
});

test('two destinations of one name are told apart from the rest of the file', () => {
  const [first, second] = ['a', 'b'].map(
    (path) => `  - { type: csv, name: files, path: ${path}, audiences: [{ segment: "*" }] }\n`,
  );

  expect(problemsOf(SHOP + first + second)).toMatchObject([
    {
      code: 'CONFIG_DUPLICATE',
      where: `${FILE}:39:24 destinations[4].name`,
      what: expect.stringContaining('files'),
    },
  ]);
});

test('a source that stands there twice is refused', () => {
  const again = `  - { type: csv, format: shopify, path: ../sample/orders_export*.csv }\n`;

  expect(problemsOf(shopWith('\nsegments:', `${again}\nsegments:`))).toMatchObject([
    { code: 'CONFIG_DUPLICATE', what: 'This source reads the same thing as sources[0].' },
  ]);
});

test('two destinations may not keep the same audience of one account, but may of two', () => {
  const again = (folder: string) =>
    `${SHOP}  - { type: csv, path: ${folder}, audiences: [{ segment: lifecycle.top }] }\n`;

  expect(problemsOf(again('../../out/'))).toMatchObject([
    {
      code: 'CONFIG_DUPLICATE',
      what: 'The file "Top" is kept by the destination csv too, in the same account.',
    },
  ]);
  expect(problemsOf(again('../../else/'))).toEqual([]);
});

test('a segment whose model the job leaves out says so', () => {
  const [problem] = problemsOf(shopWith('  value_engagement: {}\n', ''));

  expect(problem).toMatchObject({ code: 'CONFIG_UNKNOWN_SEGMENT', why: 'Its model is not under segments.' });
});

test('an empty file lacks what every job needs', () => {
  expect(problemsOf('# nothing yet\n').map(({ what }) => what)).toEqual(
    ['name', 'currency', 'sources', 'destinations'].map((key) => `The setting "${key}" is missing.`),
  );
});
