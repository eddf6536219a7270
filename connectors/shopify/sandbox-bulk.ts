import type { Graph } from './sandbox-execute.ts';
import { GraphSyntaxError, parseDocument, type Document } from './sandbox-graphql.ts';
import { fieldOf } from './sandbox-schema.ts';
import { gid } from './sandbox-shop.ts';
import { bulkMistake, mistakes } from './sandbox-validate.ts';

/** How an operation ends; `GONE` is one that Shopify knows no more. */
export type BulkEnding = 'COMPLETED' | 'FAILED' | 'CANCELED' | 'EXPIRED' | 'GONE' | 'ACCESS_DENIED';

const LIMIT = 5;
const URL_LIVES_MS = 7 * 86_400_000;

type Operation = {
  number: number;
  created: number;
  looks: number;
  ending: BulkEnding;
  text: string;
  objects: number;
  roots: number;
};

/** Bulk operations: begun by a query, run over several looks, with a result of JSON lines in no order. */
export function bulkOperations(options: {
  now: () => number;
  /** Answers the one root field of a query with all that is in it. */
  answer(document: Document): { data: Graph | null; errors: unknown[] };
}) {
  const operations = new Map<string, Operation>();
  const endings: BulkEnding[] = [];
  /** Looks at an operation until it has ended. */
  let looks = 2;
  let begun = 0;

  function run(query: string): Graph {
    const document = parse(query);
    if (typeof document === 'string') return refusal('INVALID', document);
    const underWay = [...operations.values()].filter((operation) => operation.looks < looks);
    if (underWay.length >= LIMIT)
      return refusal('LIMIT_REACHED', 'Bulk operations limit reached. Please try again later.');
    const { data, errors } = options.answer(document);
    begun += 1;
    const id = gid('BulkOperation', begun);
    const ending = endings.shift() ?? (errors.length > 0 ? 'ACCESS_DENIED' : 'COMPLETED');
    const lines = data ? linesOf(document, data) : [];
    const roots = lines.filter((line) => !('__parentId' in line)).length;
    const text = shuffled(lines, begun)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    operations.set(id, {
      number: begun,
      created: options.now(),
      looks: 0,
      ending,
      text,
      objects: lines.length,
      roots,
    });
    return { bulkOperation: look(id, ''), userErrors: [] };
  }

  /** @param origin where the result can be fetched */
  function look(id: string, origin: string): Graph | null {
    const operation = operations.get(id);
    if (!operation) return null;
    const { number, created, ending, text, objects, roots } = operation;
    const at = new Date(created).toISOString().replace(/\.\d+Z$/, 'Z');
    const known = {
      id,
      createdAt: at,
      errorCode: null,
      url: null,
      partialDataUrl: null,
      fileSize: null,
      completedAt: null,
    };
    const part = looks === 0 ? 1 : Math.min(1, operation.looks / looks);
    const counts = {
      objectCount: String(Math.floor(objects * part)),
      rootObjectCount: String(Math.floor(roots * part)),
    };
    if (operation.looks < looks) {
      const status = operation.looks === 0 ? 'CREATED' : 'RUNNING';
      operation.looks += 1;
      return { ...known, ...counts, status };
    }
    if (ending === 'GONE') return null;
    const url = `${origin}/admin/_bulk/${number}.jsonl`;
    const isOld = options.now() - created > URL_LIVES_MS;
    if (ending === 'CANCELED' || ending === 'EXPIRED' || isOld) {
      return { ...known, ...counts, status: ending === 'CANCELED' ? 'CANCELED' : 'EXPIRED' };
    }
    if (ending !== 'COMPLETED') {
      const errorCode = ending === 'FAILED' ? 'INTERNAL_SERVER_ERROR' : ending;
      return { ...known, ...counts, status: 'FAILED', errorCode, partialDataUrl: `${url}?partial=1` };
    }
    const file = objects > 0 ? { url, fileSize: String(Buffer.byteLength(text)) } : {};
    return { ...known, ...counts, ...file, status: 'COMPLETED', completedAt: at };
  }

  return {
    run,
    look,
    /** The text of a result, by the number in its address. */
    file: (number: number) => [...operations.values()].find((operation) => operation.number === number)?.text,
    /** How the next operations end, one after the other; those that are not named complete. */
    end: (...next: BulkEnding[]) => void endings.push(...next),
    takeLooks: (count: number) => (looks = count),
    begun: () => begun,
  };
}

function parse(query: string): Document | string {
  try {
    const document = parseDocument(query);
    return mistakes(document, {})[0] ?? bulkMistake(document) ?? document;
  } catch (error) {
    if (error instanceof GraphSyntaxError) return error.message;
    throw error;
  }
}

function refusal(code: string, message: string): Graph {
  return { bulkOperation: null, userErrors: [{ code, field: ['query'], message }] };
}

/** Each record on a line of its own, without the lists in it; those name their parent. */
function linesOf({ fields: [root] }: Document, data: Graph): Graph[] {
  const lines: Graph[] = [];
  const add = (type: string, edges: readonly { node: Graph }[], parent?: unknown): void => {
    for (const { node } of edges) {
      const own: Graph = {};
      for (const [name, value] of Object.entries(node)) {
        const nodes = fieldOf(type, name)?.nodes;
        if (nodes) add(nodes, (value as { edges: { node: Graph }[] }).edges, node.id);
        else own[name] = value;
      }
      lines.push(parent === undefined ? own : { ...own, __parentId: parent });
    }
  };
  const connection = data[root!.name] as { edges: { node: Graph }[] };
  add(fieldOf('QueryRoot', root!.name)!.nodes!, connection.edges);
  return lines;
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items];
  let state = seed;
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    state = (state * 48_271) % 2_147_483_647;
    const other = state % (last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}
