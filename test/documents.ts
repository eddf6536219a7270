import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What people read: the README, the pages of `config`, and the guide of each connector. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  ...readdirSync('config')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('config', name)),
  ...readdirSync('connectors', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'errors')
    .map(({ name }) => join('connectors', name, 'README.md')),
];

/** @returns the text of a document */
export function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

/** @returns its fenced blocks of a language, without what they are indented by */
export function blocksOf(text: string, language: string): string[] {
  const fences = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm');
  return [...text.matchAll(fences)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** @returns what stands between single backticks, outside of blocks */
export function spansOf(text: string): string[] {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
}
