import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks lines that are longer than a terminal is wide, between words. What is carried over stands under the last column
 * of a table where that is text, and else two columns in.
 * @param width columns of the terminal
 */
export function fold(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (widthOf(line) > width ? foldLine(line, width) : line))
    .join('\n');
}

function foldLine(line: string, width: number): string {
  const hang = ' '.repeat(hangOf(line, width));
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > width) {
    const at = rest.lastIndexOf(' ', width);
    // A word without end, such as an address, is left to the terminal: it can be copied whole.
    const end = at > hang.length ? at : rest.indexOf(' ', width);
    if (end < 0) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = hang + rest.slice(end).trimStart();
  }
  return [...lines, rest].join('\n');
}

function hangOf(line: string, width: number): number {
  const gaps = [...line.slice(0, Math.floor(width * 0.7)).matchAll(/\S( {2,})(?=\S)/g)];
  const last = gaps.at(-1);
  return last ? last.index + last[0].length : line.search(/\S/) + 2;
}

function widthOf(line: string): number {
  return stripVTControlCharacters(line).length;
}
