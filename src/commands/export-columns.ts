import type { Params } from '../engine/engine.ts';
import { FIELDS } from '../job/fields.ts';
import { playKey, type Play } from '../job/playbook.ts';
import { facts } from '../models/facts.ts';

/** Before the columns of the models; the others come after them. */
const FIRST = ['email', 'customer_id'];

/** What a file says of the playbook: of the customer's exported segments, the one with the best priority. */
export const PLAY_COLUMNS = {
  priority: {
    play: 'priority',
    type: 'Nullable(Float64)',
    meaning: "Priority of the customer's exported segment, 1 being first; of several, of the most urgent.",
  },
  meaning: { play: 'meaning', type: 'String', meaning: 'Who the customers of that segment are.' },
  email_action: { play: 'email', type: 'String', meaning: 'What to do by e-mail.' },
  ads_action: { play: 'ads', type: 'String', meaning: 'What to do in advertising.' },
  outreach_action: { play: 'outreach', type: 'String', meaning: 'What to do person to person.' },
} as const satisfies Record<string, { play: keyof Play; type: string; meaning: string }>;

type PlayColumn = keyof typeof PLAY_COLUMNS;

/**
 * @returns every column of a file with these models, in their order: a column for each model, the profile fields and
 *   what the playbook says
 */
export function columnsOf(models: readonly string[]): string[] {
  const fields = Object.keys(FIELDS).filter((column) => !FIRST.includes(column));
  return [...FIRST, ...models, ...fields, ...Object.keys(PLAY_COLUMNS)];
}

const LAST = Number.MAX_VALUE;

/**
 * What the columns of the playbook bind in `exportedSql`.
 * @param segments full names of those that are exported
 */
export function playParams(playbook: ReadonlyMap<string, Play>, segments: readonly string[]): Params {
  const keys = new Set(segments.map(playKey));
  const plays = [...playbook]
    .filter(([key]) => keys.has(key))
    .toSorted(([, a], [, b]) => (a.priority ?? LAST) - (b.priority ?? LAST));
  const texts = Object.entries(PLAY_COLUMNS).map(
    ([column, { play }]) => [`play_${column}`, plays.map(([, said]) => said[play])] as const,
  );
  return { plays: plays.map(([key]) => key), ...Object.fromEntries(texts) };
}

/**
 * @param columns of `columnsOf(models)`
 * @returns SQL that gives `columns` and `customer` for each customer of a run who is in one of some segments. Bind
 *   `job`, `run`, `segments` (full names) and, where a column of the playbook is asked for, `playParams`.
 */
export function exportedSql(columns: readonly string[], models: readonly string[]): string {
  // Only what is asked for is joined: each join holds all customers in memory.
  const fields = columns.filter((column) => Object.hasOwn(FIELDS, column));
  // A customer has one segment of each model, and any number of custom ones.
  const segment = (model: string) =>
    `arrayStringConcat(arrayMap(name -> substring(name, ${model.length + 2}),
       arrayFilter(name -> startsWith(name, '${model}.'), segments)), ', ') AS ${model}`;
  const asked = models.filter((model) => columns.includes(model));
  const plays = columns.filter((column): column is PlayColumn => Object.hasOwn(PLAY_COLUMNS, column));
  const said = new Set(plays.map(played));
  return `SELECT ${['customer', ...new Set([...fields.map(shown), ...asked]), ...said].join(', ')}
    FROM ${facts(fields)} AS f
    INNER JOIN (
      SELECT ${['customer', ...asked.map(segment), ...(plays.length > 0 ? [PLAY] : [])].join(', ')} FROM assignments
      WHERE job = {job:String} AND run_id = {run:String} AND hasAny(segments, {segments:Array(String)})
    ) AS a USING (customer)`;
}

/** The place in `plays` of the customer's most urgent exported segment; the key of a segment is as in the playbook. */
const PLAY = `arrayFirstIndex(play -> has(arrayMap(
    name -> arrayStringConcat(arraySlice(splitByChar('.', name), 1, 2), '.'),
    arrayFilter(name -> has({segments:Array(String)}, name), segments)), play), {plays:Array(String)}) AS play`;

function played(column: PlayColumn): string {
  const { type } = PLAY_COLUMNS[column];
  const said = `{play_${column}:Array(${type})}[play]`;
  return `${type === 'String' ? asText(said) : said} AS ${column}`;
}

function shown(column: string): string {
  const { type } = FIELDS[column as keyof typeof FIELDS];
  if ((type !== 'text' && type !== 'texts') || column === 'phone') return column;
  return `${asText(type === 'texts' ? `arrayStringConcat(${column}, ', ')` : column)} AS ${column}`;
}

/** A text that a spreadsheet could take for a formula gets a leading apostrophe; a phone number is none. */
export function asText(text: string): string {
  return `if(match(${text}, '^[=+@\\\\-\\t\\r]'), concat('\\'', ${text}), ${text})`;
}
