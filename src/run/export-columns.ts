import { FORMULA } from '../../connectors/index.ts';
import type { Params } from '../engine/engine.ts';
import { literal } from '../engine/literal.ts';
import { FIELDS } from '../job/fields.ts';
import { playKey, type Play } from '../job/playbook.ts';
import type { Property } from '../job/properties.ts';
import { facts } from '../models/facts.ts';
import { columnOf, factsOf } from './columns.ts';

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
 *   what the playbook says; custom.name and extra.name may stand beside them
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
 * @param columns those of customers
 * @param plays names of those of the playbook
 * @returns SQL that gives the columns by their names and `customer` for each customer of a run who is in one of some
 *   segments. Bind `job`, `run`, `segments` (full names) and, with `plays`, `playParams`.
 */
export function exportedSql(columns: readonly Property[], plays: readonly string[]): string {
  // Only what is asked for is joined, and as short as can be: each join holds all customers in memory.
  const bySegments = ({ from }: Property) => from.kind === 'segments' || from.kind === 'membership';
  const inner = columns.filter(bySegments);
  const outer = columns.filter((column) => !bySegments(column));
  const said = plays.filter(isPlay).map(played);
  return `SELECT ${['customer', ...outer.map(shown), ...inner.map(({ name }) => quoted(name)), ...said].join(', ')}
    FROM ${facts(factsOf(outer.map(({ from }) => from)))} AS f
    INNER JOIN (
      SELECT ${['customer', ...inner.map(shown), ...(said.length > 0 ? [PLAY] : [])].join(', ')} FROM assignments
      WHERE job = {job:String} AND run_id = {run:String} AND hasAny(segments, {segments:Array(String)})
    ) AS a USING (customer)`;
}

/** Whether a column is one of the playbook. */
export function isPlay(column: string): column is PlayColumn {
  return Object.hasOwn(PLAY_COLUMNS, column);
}

/** A column's name in SQL; `custom.vip` has a dot. */
export function quoted(name: string): string {
  return `\`${name}\``;
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

function shown({ name, from }: Property): string {
  const { sql, type } = columnOf(from);
  const free = (type === 'text' || type === 'texts') && name !== 'phone';
  const text = type === 'texts' ? `arrayStringConcat(${sql}, ', ')` : sql;
  return `${free ? asText(text) : text} AS ${quoted(name)}`;
}

/** SQL: what people call a member, without its kind; a phone number is no formula. */
export function memberText(key: string): string {
  const called = `substring(${key}, position(${key}, ':') + 1)`;
  return `if(startsWith(${key}, 'phone:'), ${called}, ${asText(called)})`;
}

/** A text that a spreadsheet could take for a formula gets a leading apostrophe; a phone number is none. */
export function asText(text: string): string {
  return `if(match(${text}, ${literal(FORMULA)}), concat('\\'', ${text}), ${text})`;
}
