import { expect, test } from 'vitest';
import { rastered } from '../../../src/report/pictures/raster.ts';

function picture(text: string, font: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20" font-family="${font}"><text y="15">${text}</text></svg>`;
}

test('a picture has its letters, in the font that the program brings, whatever fonts the machine has', () => {
  const png = rastered(picture('Ελα žluť', 'Helvetica'));

  expect(png.readUInt32BE(16)).toBe(160);
  expect(png).toEqual(rastered(picture('Ελα žluť', 'Nowhere')));
  expect(png).not.toEqual(rastered(picture('', 'Helvetica')));
});
