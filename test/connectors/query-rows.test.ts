import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanRows } from '../../connectors/query-rows.ts';

const cell = fc.oneof(
  fc.constantFrom('\\N', '', '"a,b"', '"two\nlines"', '"say ""hi"""', '""', 'plain'),
  fc.stringMatching(/^[a-z]{0,6}$/),
);
const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().replace('T', ' ').replace('Z', '+00'));
const row = fc.tuple(cell, fc.oneof(time, fc.constantFrom('\\N', 'infinity', '-infinity')), cell);

test('cut anywhere, the same whole rows come out, and what was seen is never ahead of them', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), fc.array(fc.nat({ max: 40 })), (rows, cuts) => {
      const text = Buffer.from(rows.map((cells) => `${cells.join(',')}\n`).join(''));
      const scan = scanRows(1, 'instant');
      let out = '';
      for (let at = 0, next = 0; at < text.length; next += 1) {
        const length = cuts.length > 0 ? cuts[next % cuts.length]! + 1 : text.length;
        out += Buffer.from(scan.take(text.subarray(at, at + length))).toString();
        at += length;
        const whole = rows.slice(0, scan.rows());
        expect(out).toBe(whole.map((cells) => `${cells.join(',')}\n`).join(''));
        const times = whole.map(([, at]) => at).filter((at) => at.startsWith('2'));
        expect(scan.greatest()).toBe(times.toSorted().at(-1));
        expect(scan.isSorted()).toBe(times.every((at, index) => index === 0 || at >= times[index - 1]!));
      }
      expect(scan.rows()).toBe(rows.length);
    }),
  );
});

test('whole numbers are compared as numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), { minLength: 1 }), (numbers) => {
      const scan = scanRows(0, 'integer');
      scan.take(Buffer.from(numbers.map((number) => `${number},x\n`).join('')));

      const sorted = numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(scan.greatest()).toBe(String(sorted.at(-1)));
      expect(scan.isSorted()).toBe(numbers.every((number, index) => number === sorted[index]));
    }),
  );
});
