import { expect, test } from 'vitest';
import { backtestPicture, type BacktestPicture } from '../../../src/report/pictures/backtest.ts';
import { standAlone } from '../../../src/report/pictures/stand-alone.ts';
import { judge } from '../../../src/report/verdict.ts';
import { textsOf } from '../svg.ts';

const BACKTEST: BacktestPicture = {
  job: 'shop',
  as_of: '2026-01-30',
  calibration_end: '2026-01-16',
  purchases: judge(100, 88),
  weeks: [1, 2, 3, 4].map((week) => ({
    week,
    until: `2026-01-${String(7 * week).padStart(2, '0')}`,
    holdout: week > 2,
    actual: 50 * week,
    expected: 44 * week,
  })),
  by_frequency: ['0', '1', '2'].map((frequency) => ({ frequency, customers: 9, actual: 2, expected: 1 })),
};

function file(backtest: BacktestPicture): string {
  return standAlone(backtestPicture(backtest, { width: 820 }), { described: true });
}

test('the picture is a well-formed SVG that says what it shows', () => {
  const texts = textsOf(file(BACKTEST));

  expect(texts).toEqual(
    expect.arrayContaining([
      'Backtest of shop: fair; 12.0 % too few purchases expected',
      'Fitted up to 2026-01-16. In the holdout, up to 2026-01-30, 88 purchases were expected and 100 made.',
      'weeks since the first purchase in the shop',
      'repeat purchases',
      'repeat purchases before the holdout',
      'mean purchases per customer',
      'holdout',
      'actual',
      'expected',
    ]),
  );
});

test('the picture needs nothing from elsewhere', () => {
  const svg = file(BACKTEST);

  expect(svg).not.toMatch(/href|url\((?!#)|<script|<image|@import/);
});

test('a history without a whole week still gives a picture', () => {
  expect(textsOf(file({ ...BACKTEST, weeks: [] }))).toContain('holdout');
});
