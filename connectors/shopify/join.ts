import { openSpool, type Spool } from './spool.ts';

/** A root record of a bulk result and what belongs to it, each as its line of JSON. */
export type Family = { root: string; children: string[] };

/** So much of a result is put together in memory at a time; its text takes about three times that. */
const HEAP_BYTES = 8 * 1024 * 1024;
/** Open files at most; a result of more than two gigabytes has heaps that are larger. */
const MOST_HEAPS = 256;
const WRITE_BYTES = 64 * 1024;

/**
 * Puts the records of a bulk result together with their children, which may stand anywhere in it, before their parents
 * too. The lines are dealt into heaps by the id of the root, so that a family lies in one heap and memory holds one
 * heap at a time, however long the result is.
 * @param type of the root records, for example `Order`
 * @param size bytes of a heap, for tests
 * @returns families, heap by heap
 * @throws SyntaxError when a line is no JSON, or a child's root is missing: the result was cut off
 */
export async function* families(spool: Spool, type: string, size = HEAP_BYTES): AsyncGenerator<Family[]> {
  const count = Math.min(MOST_HEAPS, Math.ceil(spool.size() / size));
  if (count <= 1) {
    yield await together(spool, type);
    return;
  }
  await using heaps = await openHeaps(count);
  for await (const lines of spool.lines()) {
    for (const line of lines) await heaps.add(Number(rootOf(line, type).id) % count, line);
  }
  for (const heap of await heaps.done()) yield await together(heap, type);
}

async function openHeaps(count: number) {
  await using opened = new AsyncDisposableStack();
  const heaps: { spool: Spool; lines: string[]; bytes: number }[] = [];
  for (let each = 0; each < count; each += 1) {
    heaps.push({ spool: opened.use(await openSpool()), lines: [], bytes: 0 });
  }
  const write = async (heap: (typeof heaps)[number]) => {
    if (heap.lines.length > 0) await heap.spool.write(Buffer.from(`${heap.lines.join('\n')}\n`));
    heap.lines = [];
    heap.bytes = 0;
  };
  const files = opened.move();
  return {
    async add(index: number, line: string) {
      const heap = heaps[index]!;
      heap.lines.push(line);
      heap.bytes += line.length;
      if (heap.bytes >= WRITE_BYTES) await write(heap);
    },
    async done() {
      for (const heap of heaps) await write(heap);
      return heaps.map(({ spool }) => spool);
    },
    [Symbol.asyncDispose]: () => files.disposeAsync(),
  };
}

async function together(spool: Spool, type: string): Promise<Family[]> {
  const known = new Map<string, { root?: string; children: string[] }>();
  for await (const lines of spool.lines()) {
    for (const line of lines) {
      const { id, isRoot } = rootOf(line, type);
      const family = known.get(id) ?? { children: [] };
      known.set(id, family);
      if (isRoot) family.root = line;
      else family.children.push(line);
    }
  }
  return [...known.values()].map(({ root, children }) => {
    if (root === undefined) throw new SyntaxError('A child without its root.');
    return { root, children };
  });
}

const PARENT = '"__parentId":"';

/** The usual shape of a line is looked at without reading all of it; a quote inside a text has a backslash in front. */
function rootOf(line: string, type: string): { id: string; isRoot: boolean } {
  const own = `gid://shopify/${type}/`;
  const at = line.lastIndexOf(PARENT);
  if (at !== -1) return { id: numberAt(line, at + PARENT.length + own.length), isRoot: false };
  if (line.startsWith(`{"id":"${own}`)) return { id: numberAt(line, 7 + own.length), isRoot: true };
  const { id = '', __parentId } = JSON.parse(line) as { id?: string; __parentId?: string };
  return { id: numberAt(__parentId ?? id, own.length), isRoot: __parentId === undefined };
}

function numberAt(text: string, from: number): string {
  let end = from;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return text.slice(from, end);
}
