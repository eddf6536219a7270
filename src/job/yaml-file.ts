import {
  isMap,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml';
import type { Problem } from '../../connectors/index.ts';
import { JobFileError, pathText, type Finding, type Path } from './problems.ts';
import { syntaxText } from './syntax-text.ts';

export type YamlFile = {
  /** The values as plain objects; an empty file holds no settings. */
  data: unknown;
  /** Gives findings their line and column. */
  place(findings: readonly Finding[]): Problem[];
};

/** One file may repeat a part by alias this often; past that it is an attack or a mistake. */
const MOST_ALIASES = 100;

/**
 * @param file the name that errors show
 * @throws JobFileError with every syntax problem; nothing else can be told about such a file
 */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
    version: '1.2',
  });
  const where = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  // A lost alias is the cause of what the parser says after it.
  const lost = lostAliases(document).map((offset) => ({ ...LOST_ALIAS, where: where(offset) }));
  const errors = withoutEchoes([...document.errors, ...document.warnings]);
  const problems = errors.map(({ code, message, pos }) => ({
    code: code === 'DUPLICATE_KEY' ? ('CONFIG_DUPLICATE' as const) : ('CONFIG_SYNTAX' as const),
    where: where(pos[0]),
    ...syntaxText(code, message, text, pos),
  }));
  if (lost.length + problems.length > 0) throw new JobFileError(lost.length > 0 ? lost : problems);

  return {
    data: valuesOf(document, file),
    place: (findings) =>
      findings
        .map((finding) => ({ finding, offset: offsetOf(document, finding.path, finding.at) }))
        .toSorted((one, other) => one.offset - other.offset)
        .map(({ finding: { code, path, what, why, fix }, offset }) => ({
          code,
          where: `${where(offset)} ${pathText(path)}`.trim(),
          what,
          why,
          fix,
        })),
  };
}

/** Once brackets or indents are lost, whatever the parser says of the rest is a guess. */
function withoutEchoes(errors: readonly YAMLError[]): YAMLError[] {
  const sorted = errors.toSorted((one, other) => one.pos[0] - other.pos[0]);
  const lost = sorted.findIndex(({ code }) => !INDEPENDENT.includes(code));
  return lost < 0 ? sorted : sorted.slice(0, lost + 1);
}

const INDEPENDENT: readonly string[] = ['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'NON_STRING_KEY'];

const LOST_ALIAS = {
  code: 'CONFIG_SYNTAX' as const,
  what: 'An unquoted * begins an alias in YAML, and nothing has that name.',
  fix: 'Put the value in quotes.',
};

function lostAliases(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (!alias.resolve(document)) offsets.push(alias.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function valuesOf(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  } catch {
    // With every alias resolved, only their number can be wrong.
    const what = `Aliases (*name) repeat parts of this file more than ${MOST_ALIASES} times.`;
    throw new JobFileError([{ code: 'CONFIG_SYNTAX', where: file, what, fix: 'Write the parts out.' }]);
  }
}

/** @returns where a setting stands in the text; for one that is missing, its nearest parent */
function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const parent: unknown = node && resolve(document, node);
    let key: Node | undefined;
    if (isMap<Node, Node | null>(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(step));
      if (!pair) break;
      key = pair.key;
      node = pair.value;
    } else if (isSeq<Node>(parent) && parent.items[Number(step)]) {
      node = parent.items[Number(step)];
    } else break;
    const wantsKey = key && at === 'key' && depth === path.length - 1;
    offset = (wantsKey ? key : (node ?? key))?.range?.[0] ?? offset;
  }
  return offset;
}

function resolve(document: Document.Parsed, node: Node): unknown {
  return 'resolve' in node && typeof node.resolve === 'function' ? node.resolve(document) : node;
}
