import { SyncError, type Field, type Meaning, type Peek } from '../../../connectors/index.ts';
import type { CommandContext } from '../command.ts';
import type { Look } from './look.ts';
import {
  currenciesOf,
  datesOf,
  decimalOf,
  missingFields,
  proposeColumns,
  repeatsOrders,
  statesOf,
  withoutOddDates,
  type Columns,
} from './mapping.ts';
import type { Questions } from './questions.ts';
import { likelyTables, proposeQuery } from './tables.ts';
import type { DateOrder, Decided } from './values.ts';

/** A source as it will stand in the job file, and what was learned on the way. */
export type Source = {
  settings: Record<string, unknown>;
  /** Which column is which field; absent where the format knows it. */
  columns?: Columns;
  peek: Peek;
  /** The currencies of its orders, the most frequent first. */
  currencies: string[];
  /** Words for the state of an order that nobody could know the meaning of. */
  unknown_states: string[];
  /** Sentences about what to look at. */
  notes: string[];
  /** A secret that the job file names only: the variable, and what it is to hold. */
  secret?: { name: string; what: string };
};

export type SourceAnswers = {
  columns: Columns;
  dates?: DateOrder;
  decimal?: '.' | ',';
  table?: string;
};

/**
 * Turns what was found into a source, asking what cannot be known; without anybody to ask, that is an error.
 * @throws SyncError `ARGUMENT_WRONG` that names the flag to give
 */
export async function sourceOf(
  context: CommandContext,
  found: Look,
  given: SourceAnswers,
  questions: Questions | undefined,
): Promise<Source> {
  if (found.type === 'csv' && found.shopify) {
    const columns: Columns = { order_id: 'Name', currency: 'Currency' };
    const { peek } = found;
    return {
      settings: { type: 'csv', format: 'shopify' },
      peek,
      currencies: currenciesOf(peek, columns),
      unknown_states: [],
      notes: [],
    };
  }
  if ('url' in found) return databaseSource(context, found, given, questions);
  const { peek } = found;
  const proposed = await settledColumns(peek, given.columns, questions);
  const dates = await settled(datesOf(peek, proposed), given.dates, {
    ask: () => questions?.choose('In which order are dates written?', DATE_ORDERS),
    wrong: () => undecided('dates', `the dates in "${proposed.ordered_at}"`),
  });
  const columns = withoutOddDates(peek, proposed, dates);
  const decimal = await settled(decimalOf(peek, columns), given.decimal, {
    ask: () => questions?.choose('Which sign stands before cents?', DECIMALS),
    wrong: () => undecided('decimal', 'the amounts'),
  });
  const { states, unknown } = statesOf(peek, columns);
  const notes = repeatsOrders(peek, columns) ? [REPEATED] : [];
  return {
    settings: {
      type: found.type,
      ...(found.type === 'files' ? { format: found.format } : {}),
      records: 'orders',
      columns,
      ...(dates === 'iso' ? {} : { dates }),
      ...(decimal === '.' ? {} : { decimal }),
      ...(peek.encoding && peek.encoding !== 'utf-8' ? { encoding: peek.encoding } : {}),
      ...statesSetting(states),
    },
    columns,
    peek,
    currencies: currenciesOf(peek, columns),
    unknown_states: unknown,
    notes,
  };
}

const REPEATED =
  'Some orders stand in several rows. The last row of an order is taken whole, so its amount must be that of the order, not of one product.';

const DATE_ORDERS = [
  { value: 'dmy', label: 'day, month, year', hint: '31/12/2026' },
  { value: 'mdy', label: 'month, day, year', hint: '12/31/2026' },
  { value: 'ymd', label: 'year, month, day', hint: '2026/12/31' },
] as const satisfies { value: DateOrder; label: string; hint: string }[];

const DECIMALS = [
  { value: '.', label: 'a point', hint: '1,234.56' },
  { value: ',', label: 'a comma', hint: '1.234,56' },
] as const;

function statesSetting(states: Record<string, Meaning>) {
  return Object.keys(states).length > 0 ? { states } : {};
}

async function databaseSource(
  context: CommandContext,
  found: Extract<Look, { url: string }>,
  given: SourceAnswers,
  questions: Questions | undefined,
): Promise<Source> {
  const likely = likelyTables(found.tables);
  const table = await chosenTable(found.tables, likely, given.table, questions);
  const query = await proposeQuery(found, found.tables, table, given.columns, context.signal);
  const missing = missingFields(query.columns);
  if (missing.length > 0)
    throw noColumn(
      missing[0]!,
      table.columns.map(({ name }) => name),
      table.name,
    );
  const { states, unknown } = statesOf(query.peek, query.columns);
  return {
    settings: {
      type: found.type,
      url: found.secret,
      query: `${query.sql}\n`,
      ...(query.cursor ? { cursor: { field: query.cursor } } : {}),
      ...statesSetting(states),
    },
    columns: query.columns,
    peek: query.peek,
    currencies: currenciesOf(query.peek, query.columns),
    unknown_states: unknown,
    notes: query.cursor
      ? []
      : ['No column tells when a row last changed, so every run reads the whole table.'],
    secret: {
      name: found.secret.slice(2, -1),
      what: 'the URL of the database, best of a user who may only read',
    },
  };
}

async function chosenTable(
  tables: Extract<Look, { url: string }>['tables'],
  likely: Extract<Look, { url: string }>['tables'],
  given: string | undefined,
  questions: Questions | undefined,
) {
  const names = tables.map(({ name }) => name);
  const listed = [...new Set([...likely, ...tables])].map(({ name }) => ({ value: name, label: name }));
  const only = likely.length > 0 ? likely[0]!.name : undefined;
  const name =
    given ?? (questions ? await questions.choose('Which table holds the orders?', listed, only) : only);
  const table = tables.find((one) => one.name === name);
  if (table) return table;
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: given ? `There is no table ${given}.` : 'No table looks like orders.',
    fix: `Name one with --table: ${names.join(', ')}.`,
  });
}

/** The mapping, looked over by whoever is asked. */
async function settledColumns(
  peek: Peek,
  given: Columns,
  questions: Questions | undefined,
): Promise<Columns> {
  const names = peek.columns.map(({ name }) => name);
  const unknown = Object.entries(given).find(([, column]) => !names.includes(column));
  if (unknown) throw noColumn(unknown[0] as Field, names, undefined, unknown[1]);
  const columns = proposeColumns(peek, given);
  for (const field of missingFields(columns)) {
    if (!questions) throw noColumn(field, names);
    const options = names.map((name) => ({ value: name, label: name, hint: example(peek, name) }));
    columns[field] = await questions.choose(`Which column is ${ASKED[field] ?? field}?`, options);
  }
  return columns;
}

const ASKED: Partial<Record<Field, string>> = {
  order_id: 'the number of the order',
  ordered_at: 'the day of the order',
  total: 'what was paid in all',
};

function example({ columns, rows }: Peek, name: string): string {
  const at = columns.findIndex((column) => column.name === name);
  const value = rows.map((row) => row[at] ?? '').find((cell) => cell !== '') ?? '';
  return value.includes('@') ? 'an address' : value.slice(0, 30);
}

function noColumn(field: Field, names: readonly string[], table?: string, given?: string): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: given
      ? `There is no column "${given}" for ${field}.`
      : `Which column${table ? ` of ${table}` : ''} is ${ASKED[field] ?? field} (${field}) cannot be told.`,
    fix: `Say it with --columns ${field}=COLUMN. Columns there: ${names.join(', ')}.`,
  });
}

async function settled<Answer extends string>(
  found: Decided<Answer>,
  given: Answer | undefined,
  { ask, wrong }: { ask(): Promise<string> | undefined; wrong(): SyncError },
): Promise<Answer> {
  if (given !== undefined) return given;
  if (found.is !== undefined) return found.is;
  const answer = await ask();
  if (answer === undefined) throw wrong();
  return answer as Answer;
}

function undecided(flag: 'dates' | 'decimal', what: string): SyncError {
  const choices = flag === 'dates' ? 'dmy, mdy, ymd or iso' : '"." or ","';
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `How ${what} are written cannot be told from the rows.`,
    why: 'They could be read in more than one way, or in none, and that is never guessed.',
    fix: `Say it with --${flag}: ${choices}.`,
  });
}
