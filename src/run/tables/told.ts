import { noteText, NOTED_WORDS, type Rejection, type Table } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Kind, Note } from './kind.ts';

/** So many rejections are listed by place; past that they are only counted. */
export const LISTED_REJECTIONS = 100;

/** What a table came to, as far as people are told of it. */
export type Told = {
  /** Rows of the table, and those of them that are orders. */
  rows: number;
  order_rows: number;
  /** How many rows were rejected for each reason. */
  reasons: Map<string, number>;
  /** The first rejections. */
  rejections: Rejection[];
  warnings: string[];
};

/** What there is to tell of a table that was read: rows that were left out, and notes in the order in which they came up. */
export async function tell(engine: Engine, table: Table, kind: Kind, rows: string): Promise<Told> {
  const absent = Object.entries(kind.absent).map(([name, sql]) => `${sql} AS ${name}`);
  const all = `(SELECT ${['*', ...absent].join(', ')} FROM ${rows})`;
  const firsts = kind.notes.map(({ where }) => `minIf(row, ${where})`);
  const counts = ['true', 'taken', `reason != ''`, ...kind.notes.map(({ where }) => where)];
  const [facts] = await engine.query<{
    counts: string[];
    firsts: string[];
    repeats: string;
    repeated: string;
  }>(
    `SELECT [${counts.map((where) => `countIf(${where})`).join(', ')}] AS counts, [${firsts.join(', ')}]::Array(UInt64) AS firsts
     FROM ${all}`,
  );
  const [count, taken, rejected, ...noted] = facts!.counts.map(Number);
  const notes: { first: number; text: string }[] = [];
  for (const [index, note] of kind.notes.entries()) {
    if (!noted[index]) continue;
    const words = note.word ? await wordsOf(engine, note, note.word, all) : [];
    notes.push({
      first: Number(facts!.firsts[index]),
      text: noteText(table.name, note.what, noted[index], words),
    });
  }
  if (kind.repeats) notes.push(...(await repeatsOf(engine, table, kind.repeats, rows)));
  return {
    rows: count!,
    order_rows: table.meaning.records === 'orders' ? taken! : 0,
    reasons: rejected ? await reasonsOf(engine, rows) : new Map(),
    rejections: rejected ? await rejectedRows(engine, table, rows) : [],
    warnings: [
      ...(count === 0 && table.rows_before === undefined ? [`${table.name} holds no rows.`] : []),
      ...notes.toSorted((a, b) => a.first - b.first).map(({ text }) => text),
    ],
  };
}

/** Only what looks like a word: a shifted column must not bring a person's data into a message. */
async function wordsOf(engine: Engine, { where }: Note, word: string, rows: string): Promise<string[]> {
  const words = await engine.query<{ word: string }>(
    `SELECT toString(${word}) AS word FROM ${rows} WHERE ${where} AND match(${word}, '^[\\\\p{L}_]{1,30}$')
     GROUP BY word ORDER BY min(row) LIMIT ${NOTED_WORDS}`,
  );
  return words.map(({ word }) => word);
}

async function reasonsOf(engine: Engine, rows: string): Promise<Told['reasons']> {
  const reasons = await engine.query<{ why: string; count: string }>(
    `SELECT toString(reason) AS why, count() AS count FROM ${rows} WHERE reason != '' GROUP BY why ORDER BY min(row)`,
  );
  return new Map(reasons.map(({ why, count }) => [why, Number(count)]));
}

async function rejectedRows(engine: Engine, table: Table, rows: string): Promise<Rejection[]> {
  const listed = await engine.query<{ row: string; reason: string }>(
    `SELECT row, toString(reason) AS reason FROM ${rows} WHERE reason != '' ORDER BY row LIMIT ${LISTED_REJECTIONS}`,
  );
  const ordinals = listed.map(({ row }) => (table.rows_before ?? 0) + Number(row));
  const lines = (await table.linesOf?.(ordinals)) ?? ordinals;
  return listed.map(({ reason }, index) => ({ source: table.name, line: lines[index]!, reason }));
}

/** Records whose `column` is that of the record before them. */
async function repeatsOf(
  engine: Engine,
  table: Table,
  { what, column }: NonNullable<Kind['repeats']>,
  rows: string,
) {
  const before = `lagInFrame(${column}) OVER (ORDER BY row ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;
  const [repeats] = await engine.query<{ count: string; first: string }>(
    `SELECT count() AS count, min(row) AS first FROM (SELECT row, ${column} = ${before} AS repeats FROM ${rows} WHERE taken)
     WHERE repeats`,
  );
  const count = Number(repeats!.count);
  return count === 0 ? [] : [{ first: Number(repeats!.first), text: noteText(table.name, what, count) }];
}
