type Labels = Record<string, string>;
type Sample = { name: string; labels: Labels; value: number };

/** Metrics as Prometheus reads them. */
export type Exposition = {
  samples: Sample[];
  /** The kinds of metrics by name. */
  kinds: Map<string, string>;
  /** The one sample of that name and those labels; undefined where there is none. */
  value(name: string, labels?: Labels): number | undefined;
};

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP = new RegExp(`^# HELP (${NAME}) (?:[^\\\\]|\\\\\\\\|\\\\n)+$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`);
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(.*)\\})? (-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)|[+-]Inf|Nan)$`,
  'i',
);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/gy;
const SUFFIXES: Record<string, string[]> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Reads Prometheus' text format 0.0.4 strictly.
 * @throws Error at a line that is none of it, a sample without a type, one of another metric's group, or one told twice
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.');
  const samples: Sample[] = [];
  const kinds = new Map<string, string>();
  const told = new Set<string>();
  let group = '';
  for (const line of text.split('\n')) {
    if (line === '' || HELP.test(line)) continue;
    const [, typed, kind = ''] = TYPE.exec(line) ?? [];
    if (typed !== undefined) {
      if (kinds.has(typed)) throw new Error(`Two groups: ${line}`);
      kinds.set(typed, kind);
      group = typed;
      continue;
    }
    const [, name, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`Not the format: ${line}`);
    const allowed = (SUFFIXES[kinds.get(group) ?? ''] ?? ['']).map((suffix) => group + suffix);
    if (!allowed.includes(name)) throw new Error(`Outside of its group: ${line}`);
    const sample = { name, labels: labelsIn(labels, line), value: numberIn(value) };
    const key = keyOf(name, sample.labels);
    if (told.has(key)) throw new Error(`Told twice: ${line}`);
    told.add(key);
    samples.push(sample);
  }
  const values = new Map(samples.map(({ name, labels, value }) => [keyOf(name, labels), value]));
  return { samples, kinds, value: (name, labels = {}) => values.get(keyOf(name, labels)) };
}

function labelsIn(text: string, line: string): Labels {
  const found = [...text.matchAll(LABEL)];
  if (found.map(([whole]) => whole).join('') !== text) throw new Error(`Not labels: ${line}`);
  const labels = Object.fromEntries(found.map(([, name, value]) => [name!, unescaped(value!)]));
  if (Object.keys(labels).length !== found.length) throw new Error(`A label twice: ${line}`);
  return labels;
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
}

function numberIn(value: string): number {
  return Number(value.replace(/inf$/i, 'Infinity'));
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
