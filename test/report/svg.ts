import { expect } from 'vitest';

/** Fails unless the tags of an SVG document close in order and its text is escaped. @returns its pieces of text */
export function textsOf(svg: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  const bare = svg.replaceAll(/<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  const pieces = bare.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy);
  let read = 0;
  for (const [whole, closes, name, , closed, text] of pieces) {
    read += whole.length;
    if (text !== undefined) {
      expect(text).not.toMatch(/&(?!(amp|lt|gt|quot|#\d+);)/);
      if (open.at(-1) === 'text') texts.push(text);
    } else if (closes) expect(open.pop()).toBe(name);
    else if (!closed) open.push(name!);
  }
  expect(bare.slice(read, read + 80)).toBe('');
  expect(open).toEqual([]);
  return texts;
}
