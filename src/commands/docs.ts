import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { generated } from '../job/json-schema.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { docsParts } from './docs-parts.ts';
import { errorsDocument } from './error-docs.ts';

/** Documents with generated parts, beside the guide of each connector. */
const DOCUMENTS = ['README.md', 'config/README.md', 'config/OPERATING.md'];
const CONNECTORS = 'connectors';

/**
 * `docs`: the generated parts of the documentation. `--write` puts them where they belong, `--check` fails where
 * they are stale.
 */
export async function docs(
  context: CommandContext,
  program: Command,
  options: { write?: boolean; check?: boolean },
): Promise<ExitCode> {
  const parts = docsParts(program);
  if (!options.write && !options.check) {
    const texts = Object.fromEntries(parts.map(({ name, table }) => [name, table]));
    const read = parts.map(({ heading, table }) => `### ${heading}\n\n${table}`).join('\n\n');
    context.print(context.json ? JSON.stringify(texts, undefined, 2) : read);
    return EXIT.done;
  }
  const tables = new Map(parts.map(({ name, table }) => [name, table]));
  const documents: { path: string; content: string }[] = [];
  for (const path of await documentsHere()) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) documents.push({ path, content: withParts(text, tables) });
  }
  const files = [...documents, { path: 'config/ERRORS.md', content: errorsDocument() }, ...generated()];
  const stale: string[] = [];
  for (const { path, content } of files) {
    const present = await readFile(path, 'utf8').catch(() => '');
    if (present === content) continue;
    stale.push(path);
    if (options.write) await writeFile(path, content);
  }
  if (context.json) context.print(JSON.stringify({ stale, written: options.write ?? false }, undefined, 2));
  else if (stale.length === 0) context.print('Every generated part is fresh.');
  else context.print(`${options.write ? 'Written' : 'Stale'}: ${stale.join(', ')}`);
  return stale.length > 0 && !options.write ? EXIT.failed : EXIT.done;
}

async function documentsHere(): Promise<string[]> {
  const folders = await readdir(CONNECTORS, { withFileTypes: true }).catch(() => []);
  const guides = folders.filter((folder) => folder.isDirectory());
  return [...DOCUMENTS, ...guides.map(({ name }) => `${CONNECTORS}/${name}/README.md`)];
}

/** Replaces what stands between `<!-- generated: name -->` and `<!-- end -->`. */
function withParts(text: string, tables: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (whole, start: string, name: string, end: string) => {
      const table = tables.get(name);
      return table === undefined ? whole : `${start}\n${table}\n\n${end}`;
    },
  );
}
