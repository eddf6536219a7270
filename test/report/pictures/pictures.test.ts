import { describe, expect, test } from 'vitest';
import { backtestPicture } from '../../../src/report/pictures/backtest.ts';
import { flowsPicture } from '../../../src/report/pictures/flows.ts';
import { lifecyclePicture } from '../../../src/report/pictures/lifecycle.ts';
import { mapPicture } from '../../../src/report/pictures/map.ts';
import { movesPicture } from '../../../src/report/pictures/moves.ts';
import { standAlone } from '../../../src/report/pictures/stand-alone.ts';
import { trendPicture } from '../../../src/report/pictures/trend.ts';
import type { PictureOptions } from '../../../src/report/pictures/frame.ts';
import { judge } from '../../../src/report/verdict.ts';
import { textsOf } from '../svg.ts';
import { DAY, FLOWS, LIFECYCLE, MAP, MOVES } from './examples.ts';

const TREND = {
  job: DAY.job,
  model: 'Lifecycle',
  segments: LIFECYCLE,
  days: ['2026-09-01', '2026-10-01'].map((as_of) => ({ as_of, segments: LIFECYCLE })),
};
const BACKTEST = {
  ...DAY,
  calibration_end: '2026-07-01',
  purchases: judge(100, 88),
  weeks: [],
  by_frequency: [],
};

/** The texts of a picture; some places set their numbers with spaces that do not break. */
function wordsOf(svg: string): string[] {
  return textsOf(svg).map((text) => text.replaceAll(/\s/g, ' '));
}

const PICTURES: Record<string, (options: PictureOptions) => string> = {
  map: (options) => mapPicture(MAP, options),
  lifecycle: (options) => lifecyclePicture({ ...DAY, segments: LIFECYCLE }, options),
  flows: (options) => flowsPicture(FLOWS, options),
  moves: (options) => movesPicture(MOVES, options),
  trend: (options) => trendPicture(TREND, options),
  backtest: (options) => backtestPicture(BACKTEST, options),
};

describe.each(Object.entries(PICTURES))('the picture %s', (_, picture) => {
  test.each([360, 860])('is well-formed and keeps the rules of a strict page, %i wide', (width) => {
    const svg = picture({ width });

    expect(textsOf(svg)).not.toEqual([]);
    expect(svg).not.toMatch(/ style=|<style|<script| class=| id=|url\(|ecmeta_|<image|<animate/);
    expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
    expect(svg).not.toMatch(/NaN|undefined|null|Infinity/);
  });

  test('says in words what it shows', () => {
    expect(picture({ width: 860 })).toMatch(
      /^<svg [^>]*role="img"[^>]*>\n<title>[^<]*shop &quot;A&amp;B&quot;[^<]*<\/title>\n<desc>[^<]+<\/desc>/,
    );
  });

  test('is the same each time', () => {
    expect(picture({ width: 860 })).toBe(picture({ width: 860 }));
  });

  test('has no colour but those that a page may set, and as a file none that need a page', () => {
    const svg = picture({ width: 860 });
    const colours = [...svg.matchAll(/(?:fill|stroke)="([^"]*)"/g)].map(([, colour]) => colour);

    for (const colour of colours)
      expect(colour).toMatch(/^(none|transparent|var\(--[\w-]+, #[0-9a-f]{6}\))$/);
    expect(textsOf(standAlone(svg))).toEqual(expect.arrayContaining(textsOf(svg)));
    expect(standAlone(svg)).not.toContain('var(');
  });
});

test('the map shows every segment with its customers and revenue, in the words of the place', () => {
  const texts = wordsOf(mapPicture(MAP, { width: 860, locale: 'de' }));

  expect(texts).toEqual(
    expect.arrayContaining(['Average Buyers', '50 customers · 24 %', '495 € in 12 months · 14 %']),
  );
  expect(texts.filter((text) => text === 'Average Buyers')).toHaveLength(1);
});

test('a segment whose cells lie apart is named in each part and counted once', () => {
  const grid = { ...MAP.grid, low: { ...MAP.grid.low, low: 'excited_shoppers' } };
  const texts = textsOf(mapPicture({ ...MAP, grid }, { width: 860 }));

  expect(texts.filter((text) => text === 'Excited Shoppers')).toHaveLength(2);
  expect(texts.filter((text) => text.startsWith('30 customers'))).toHaveLength(1);
});

test('each segment of the map is a link with a name, and the picture then a group', () => {
  const svg = mapPicture(MAP, { width: 860, link: (segment) => `/segments/${segment}?a&b` });
  const links = [...svg.matchAll(/<a href="([^"]*)" aria-label="([^"]*)"><path/g)];

  expect(links.map(([, href]) => href).toSorted()).toEqual(
    MAP.segments.map(({ segment }) => `/segments/${segment}?a&amp;b`).toSorted(),
  );
  expect(links.map(([, , words]) => words)).toContain(
    'Nuts &amp; &quot;bolts&quot; &lt;b&gt;{x}: 0 customers (0%), €500 in 12 months (14%).',
  );
  expect(svg).toContain('role="group"');
  expect(textsOf(svg)).toContain('Excited Shoppers');
});

test('each bar of the lifecycle may be a link', () => {
  const svg = lifecyclePicture(
    { ...DAY, segments: LIFECYCLE },
    { width: 360, link: (segment) => `#${segment}` },
  );

  expect(svg.match(/<a href="#lifecycle.top"/g)).toHaveLength(3);
});

test('without CLV there is no panel of it', () => {
  const segments = LIFECYCLE.map((segment) => ({ ...segment, mean_clv_12m: null }));
  const texts = textsOf(lifecyclePicture({ ...DAY, segments }, { width: 860 }));

  expect(texts).toContain('Customers');
  expect(texts).not.toContain('Mean CLV of 12 months');
});

test('flows tell who was where, with newcomers and those who are gone', () => {
  const svg = flowsPicture(FLOWS, { width: 860 });

  expect(textsOf(svg)).toEqual(
    expect.arrayContaining(['1M Active', '3 new', '3 Top', '2 gone', '2026-09-01', '2026-10-01']),
  );
  expect(svg).toContain('1M customers stayed in Active.');
  expect(svg).toContain('3 customers from new to Top.');
});

test('moves that somebody made stand by their money, the biggest first', () => {
  const texts = textsOf(movesPicture(MOVES, { width: 860 }));

  expect(texts.filter((text) => text.includes('→'))).toEqual([
    'Active → Nuts &amp; &quot;bolts&quot; &lt;b&gt;{x} · 9 customers',
    'At risk → Active · 2 customers',
  ]);
  expect(texts).toEqual(expect.arrayContaining(['-€1.25M', '+€25']));
});

test('a single day is a trend, too', () => {
  const texts = textsOf(trendPicture({ ...TREND, days: TREND.days.slice(1) }, { width: 360 }));

  expect(texts).toEqual(expect.arrayContaining(['110 Active', '12 Top']));
});
