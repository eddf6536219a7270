import { expect, test } from 'vitest';
import { PALETTE, paletteCss } from '../../../src/report/pictures/palette.ts';

/** As the accessibility guidelines define it. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** A colour laid over another, as strongly as `share`. */
function over(colour: string, ground: string, share: number): string {
  const parts = [1, 3, 5].map((at) => {
    const [top, below] = [colour, ground].map((one) => parseInt(one.slice(at, at + 2), 16)) as [
      number,
      number,
    ];
    return Math.round(share * top + (1 - share) * below)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}

const SEGMENTS = [1, 2, 3, 4, 5, 6, 7].map((place) => `seg-${place}` as 'seg-1');

test.each(['light', 'dark'] as const)('text is read and shapes are seen on %s paper', (paper) => {
  const { ink, quiet, card, accent, ...colours } = PALETTE[paper];

  for (const text of [ink, quiet, accent]) expect(contrast(text, card)).toBeGreaterThanOrEqual(4.5);
  for (const segment of SEGMENTS) {
    expect(contrast(colours[segment], card)).toBeGreaterThanOrEqual(3);
    // The darkest cell of the map.
    expect(contrast(ink, over(colours[segment], card, 0.26))).toBeGreaterThanOrEqual(4.5);
  }
});

test.each(['light', 'dark'] as const)('segments are told apart by lightness alone on %s paper', (paper) => {
  const sorted = SEGMENTS.map((segment) => luminance(PALETTE[paper][segment])).toSorted((a, b) => a - b);

  for (const [index, lower] of sorted.slice(0, -1).entries())
    expect((sorted[index + 1]! + 0.05) / (lower + 0.05)).toBeGreaterThan(1.1);
});

test('a palette is a list of variables', () => {
  expect(paletteCss('dark')).toMatch(/^--ink: #e6edf3; .*--seg-7: #71787d;$/);
});
