import { colour, PALETTE } from './palette.ts';

const MARGIN = 20;

/**
 * A picture as a file of its own: on light paper, with its title over it, and colours that every program knows.
 * @param picture an SVG element as the functions that draw pictures answer
 * @param options.described whether its description, too, stands over it: for one of a line
 */
export function standAlone(picture: string, { described = false } = {}): string {
  const [, width = 0, height = 0] = (/ width="(\d+)" height="(\d+)"/.exec(picture) ?? []).map(Number);
  const title = /<title>([^<]*)/.exec(picture)?.[1] ?? '';
  const under = described ? (/<desc>([^<]*)/.exec(picture)?.[1] ?? '') : '';
  const top = under ? 74 : 54;
  const [wide, high] = [width + 2 * MARGIN, height + top + MARGIN];
  // Letters are about this wide; a long title is written smaller.
  const size = Math.min(17, Math.floor(width / (0.56 * title.length)));
  const lines = [
    `<rect x="${-MARGIN}" y="${-top}" width="${wide}" height="${high}" fill="${colour('card')}"/>`,
    `<text y="${under ? -44 : -24}" font-size="${size}" font-weight="bold" fill="${colour('ink')}">${title}</text>`,
    ...(under ? [`<text y="-22" font-size="13" fill="${colour('quiet')}">${under}</text>`] : []),
  ];
  return picture
    .replace(
      /width="\d+" height="\d+" viewBox="[^"]*"/,
      `width="${wide}" height="${high}" viewBox="${-MARGIN} ${-top} ${wide} ${high}"`,
    )
    .replace('</desc>', () => `</desc>\n${lines.join('\n')}`)
    .replaceAll(
      /var\(--([\w-]+), [^)]*\)/g,
      (fallback, name: string) => ({ ...PALETTE.light })[name] ?? fallback,
    );
}
