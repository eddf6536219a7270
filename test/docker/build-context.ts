import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path/posix';

/**
 * What a build may copy: every file below `root` that `.dockerignore` lets through. As in Docker, the last pattern
 * that meets a path or a folder above it decides.
 * @returns paths relative to `root`
 */
export function buildContext(root: string): string[] {
  const rules = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), matches: expression(line.replace(/^!/, '')) }));

  function isIgnored(path: string): boolean {
    const parts = path.split('/');
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    return rules.findLast(({ matches }) => above.some((folder) => matches.test(folder)))?.ignores ?? false;
  }

  function filesIn(folder: string): string[] {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (isIgnored(path)) return [];
      return entry.isDirectory() ? filesIn(path) : [path];
    });
  }
  return filesIn('');
}

/** A pattern's `*` stands for any text within one name, names that begin with a dot included. */
function expression(pattern: string): RegExp {
  const literal = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '[^/]*')}$`);
}
