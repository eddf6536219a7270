import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { segmentsOf } from '../../src/job/segments.ts';
import { openShop, type Shop } from '../end-to-end/shop.ts';
import { textsOf } from '../report/svg.ts';

const LABEL = 'Best <b>& "friends"';
const SAMPLE = resolve('config/sample');
const JOB = `name: shop
timezone: Europe/Bucharest
currency: EUR
exchange_rates: { RON: 0.2 }
sources:
  - { type: csv, name: shop, format: shopify, path: "${SAMPLE}/orders_export*.csv" }
segments:
  lifecycle: {}
  value_engagement: { labels: { true_champions: '${LABEL}' } }
  value_tier: {}
  custom:
    - { name: spenders, where: { field: revenue, above: 500 } }
destinations:
  - { type: csv, path: out, audiences: [{ segment: lifecycle.top }] }
`;

let shop: Shop;

beforeAll(async () => {
  let close: (() => Promise<void>) | undefined;
  shop = await openShop({ atEnd: (end) => (close = end) });
  await shop.write('job.yaml', JOB);
  await shop.json('plan', 'job.yaml', '--as-of', '2026-11-15');
  return close;
});

type Written = { file: string; as_of: string; since: string; customers: number };

async function written(...args: string[]): Promise<{ answer: Written; text: string }> {
  const answer = await shop.json<Written>('report', 'job.yaml', ...args);
  return { answer, text: await readFile(join(shop.folder, answer.file), 'utf8') };
}

/** Fails where a tag of the document does not close. */
function expectWellFormed(text: string): void {
  expect(text).toMatch(/^<!doctype html>/);
  textsOf(text.replace('<!doctype html>', '').trim());
}

test('a report is one file that needs nothing else, names nobody and tells all there is', async () => {
  const { answer, text } = await written('--out', 'deep/report.html');

  expect(answer).toMatchObject({ format: 'html', picture: null, as_of: '2026-11-15', since: '2026-10-15' });
  expectWellFormed(text);
  expect(new Set(text.match(/\bhttps?:[^"]*/g))).toEqual(new Set(['http://www.w3.org/2000/svg']));
  expect(text).not.toMatch(/<script|<link|<img|<iframe| src=| href=|url\(|@import/);
  expect(text).not.toMatch(/[\w.+-]+@[\w-]+\.\w/);
  expect(text).not.toMatch(/NaN|undefined|\[object|Infinity/);
  expect(text).not.toContain('<b>');
  expect(text).toContain('Best &lt;b&gt;&amp; &quot;friends&quot;');
  for (const { label } of segmentsOf({ lifecycle: {}, value_tier: {} }))
    expect(text).toContain(`>${label}</th>`);
  expect(text.match(/<h2>[^<]*/g)).toEqual(
    [
      'Value and engagement',
      'Lifecycle',
      'Who moved since Oct 15, 2026',
      'What moves are worth',
      'How segments grew',
      'How far to trust the forecast',
      'Lifecycle: every segment',
      'Value and engagement: every segment',
      'Value tier: every segment',
      'Segments of your own',
      'What the sources held',
      'When not to believe it',
    ].map((title) => `<h2>${title}`),
  );
  // Each for wide screens and for phones: map, lifecycle, backtest, and of three models flows, moves and trend.
  expect(text.match(/<svg [^>]*role="img"/g)).toHaveLength(2 * (3 + 3 * 3));
  expect(text).toMatch(/It expected\s+\d+ purchases/);
  expect(text).toContain('fitted on');
});

test('a report of an earlier day leaves out the test of the forecast when asked to', async () => {
  const { answer, text } = await written(
    '--out',
    'earlier.html',
    '--as-of',
    '2026-06-30',
    '--since',
    '2026-03-31',
    '--no-backtest',
  );

  expect(answer).toMatchObject({ as_of: '2026-06-30', since: '2026-03-31' });
  expectWellFormed(text);
  expect(text).toContain('As of Jun 30, 2026, compared with Mar 31, 2026.');
  expect(text).toContain('It was not tested');
});

test('a shop too small for a model has a report that says so', async () => {
  const small = await openShop({ atEnd: onTestFinished });
  await small.write(
    'orders.csv',
    'id,mail,day,sum\n1,ana@example.com,2026-03-01,50\n2,bo@example.com,2026-03-20,0\n',
  );
  await small.write(
    'job.yaml',
    JOB.replace(
      / {2}- \{ type: csv, name: shop.*/,
      '  - { type: csv, path: orders.csv, columns: { order_id: id, email: mail, ordered_at: day, goods: sum } }',
    ),
  );
  await small.json('plan', 'job.yaml', '--as-of', '2026-03-31');
  const { code, stderr } = await small.cli('report', 'job.yaml', '--out', 'report.html');
  const text = await readFile(join(small.folder, 'report.html'), 'utf8');

  expect(code, stderr).toBe(0);
  expectWellFormed(text);
  expect(text).toContain('Customers are judged by the days since their latest order:');
  expect(text).toMatch(
    /<h2>How far to trust the forecast<\/h2>\s+<p>[^<]*(too small|too short|fewer)[^<]*<\/p>/,
  );
});

test.each(['lifecycle', 'flows', 'moves', 'trend', 'backtest'])('the picture %s is a file', async (name) => {
  const { answer, text } = await written(
    '--out',
    `${name}.svg`,
    '--picture',
    name,
    '--model',
    'value_engagement',
  );

  expect(answer).toMatchObject({ format: 'svg', picture: name });
  expect(textsOf(text).length).toBeGreaterThan(3);
  expect(text).not.toContain('var(');
});

test('a picture is also written as pixels', async () => {
  const { answer } = await written('--out', 'map', '--format', 'png', '--picture', 'map');
  const png = await readFile(join(shop.folder, answer.file));

  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(2 * 860);
});

test.each([
  [['--out', 'all.svg'], 'SVG holds a single picture'],
  [['--out', 'one.html', '--picture', 'map'], 'no HTML file'],
  [['--out', 'one.pdf', '--picture', 'map'], 'does not say what to write'],
  [['--out', 'one.svg', '--picture', 'flows', '--model', 'lifecylce'], 'lifecycle'],
  [['--out', 'one.svg', '--picture', 'cake'], 'cake'],
  [['--out', 'one.svg', '--picture', 'map', '--since', '2026-11-15'], 'is not before'],
])('%j is refused with exit code 2', async (args, words) => {
  const { code, stdout } = await shop.cli('report', 'job.yaml', ...args, '--json');

  expect(code).toBe(2);
  expect(stdout).toContain('ARGUMENT_WRONG');
  expect(stdout).toContain(words);
});
