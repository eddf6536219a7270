import type { ModelFlows } from '../report/flows.ts';
import type { ModelMoves } from '../report/moves.ts';
import type { Overview } from '../run/overview.ts';
import { fittedTable, money } from './text.ts';

/** The numbers of every segment, and in a few lines what moved since the day before, in 80 columns. */
export function segmentsText(overview: Overview): string {
  const models = byModel(overview.segments, ({ segment }) => segment);
  const destinations = Object.keys(overview.segments[0]?.reachable ?? {});
  const headings = [
    'customers',
    'share',
    'revenue 12m',
    'mean CLV',
    'CLV',
    'mean order',
    'days',
    'consent',
    ...destinations,
  ];
  const tables = models.map(([model, segments]) =>
    fittedTable(
      [model, ...headings],
      segments.map((row) => [
        short(row.segment),
        row.customers,
        percent(row.share),
        money(row.revenue_12m),
        amount(row.mean_clv_12m),
        amount(row.clv_12m),
        amount(row.mean_order_value),
        row.median_days_since_order ?? '',
        row.consented,
        ...destinations.map((name) => row.reachable[name]!),
      ]),
    ),
  );
  return [
    `${whole(overview.customers)} customers as of ${overview.as_of}; money in ${overview.currency}${computed(overview)}`,
    ...tables,
    notes(destinations),
    sinceText(overview),
  ].join('\n\n');
}

/** What the columns hold that their headings do not say. */
function notes(destinations: readonly string[]): string {
  const lines = [
    'revenue 12m: paid in the last 12 months. CLV: expected in the next 12 months.',
    'mean order: revenue ever, by order. days: since the latest order, the median.',
    'consent: customers with a recorded yes to e-mail marketing.',
  ];
  const reach = destinations.length > 0 ? ['The other columns: who may be sent to each destination.'] : [];
  return [...lines, ...reach].join('\n');
}

function sinceText({ since, moves, lists }: Overview): string {
  const totals = fittedTable(
    ['model', 'moved up', 'gained', 'moved down', 'lost'],
    moves.map(({ model, gained, lost }) => [
      model,
      gained.customers,
      money(gained.money),
      lost.customers,
      money(lost.money),
    ]),
  );
  const best = moves.flatMap((model) =>
    model.moves
      .filter(({ moved, worth }) => moved > 0 && worth !== null)
      .slice(0, 1)
      .map(({ from, to, worth, money: total }) => [
        model.model,
        Number(worth) < 0 ? 'keep' : 'lift',
        short(from),
        short(to),
        money(total!.replace('-', '')),
      ]),
  );
  return [
    `Since ${since.as_of} (${whole(since.customers)} customers${computed(since)})`,
    ...(moves.length > 0 ? [totals] : []),
    ...(lists.length > 0 ? [listTable(lists)] : []),
    ...(best.length > 0
      ? [
          'Where the biggest gain is: customers to keep from a move down, or to lift',
          fittedTable(['model', '', 'from', 'to', 'gain'], best),
        ]
      : []),
    'More: --flows tells who moved where, --moves what each move is worth.',
  ].join('\n\n');
}

function listTable(lists: Overview['lists']): string {
  return fittedTable(
    ['custom', 'stayed', 'joined', 'left'],
    lists.map(({ segment, stayed, joined, left }) => [
      short(segment),
      stayed.customers,
      joined.customers,
      left.customers,
    ]),
  );
}

/** Who moved from where to where: a matrix for each model, then the money of those who moved. */
export function flowsText({ since, as_of, flows, lists, currency }: Overview): string {
  const head = `Customers by where they were on ${since.as_of} (rows) and on ${as_of} (columns)`;
  const parts = flows.flatMap((model) => [matrix(model), moneyTable(model, currency)]);
  return [head, ...parts, ...(lists.length > 0 ? [listTable(lists)] : [])].join('\n\n');
}

const NEW = '(new)';
const GONE = '(gone)';

function matrix({ model, cells }: ModelFlows): string {
  const ends = (end: 'from' | 'to') => [...new Set(cells.map((cell) => cell[end]))];
  const named = [...new Set([...ends('from'), ...ends('to')])].filter((name) => name !== null).toSorted();
  const rows = [...named, ...(ends('from').includes(null) ? [null] : [])];
  const columns = [...named, ...(ends('to').includes(null) ? [null] : [])];
  return fittedTable(
    [model, ...columns.map((name) => (name ? short(name) : GONE))],
    rows.map((from) => [
      from ? short(from) : NEW,
      ...columns.map((to) => cells.find((cell) => cell.from === from && cell.to === to)?.customers ?? 0),
    ]),
  );
}

function moneyTable({ model, cells }: ModelFlows, currency: string): string {
  const moved = cells.filter(({ from, to }) => from !== to).toSorted((a, b) => b.customers - a.customers);
  if (moved.length === 0) return `${model}: nobody moved.`;
  return fittedTable(
    ['from', 'to', 'customers', 'revenue 12m', 'then', `CLV ${currency}`, 'then'],
    moved.map((cell) => [
      cell.from ? short(cell.from) : NEW,
      cell.to ? short(cell.to) : GONE,
      cell.customers,
      money(cell.revenue_before),
      money(cell.revenue_after),
      amount(cell.clv_before),
      amount(cell.clv_after),
    ]),
    2,
  );
}

/** What each move is worth, the biggest gain first. */
export function movesText(overview: Overview): string {
  const { since, as_of, currency, moves } = overview;
  const head = `What moves are worth, in ${currency}; moved from ${since.as_of} to ${as_of}`;
  return [head, ...moves.map(modelMovesText), MOVE_NOTES].join('\n\n');
}

function modelMovesText({ model, value, moves, gained, lost }: ModelMoves): string {
  const basis = value === 'clv_12m' ? 'mean CLV' : 'mean revenue of 12 months, since there is no CLV';
  return [
    `${model} (by ${basis})`,
    fittedTable(
      ['from', 'to', 'worth', '±', 'moved', 'money'],
      moves.map(({ from, to, worth, low, high, moved, money: total }) => [
        short(from),
        short(to),
        amount(worth),
        low === null || high === null ? '' : money(String((Number(high) - Number(low)) / 2)),
        moved,
        amount(total),
      ]),
      2,
    ),
    `gained by moves up: ${money(gained.money)} (${whole(gained.customers)} customers)`,
    `lost to moves down: ${money(lost.money)} (${whole(lost.customers)} customers)`,
  ].join('\n');
}

const MOVE_NOTES = `worth: of one customer who moves, with its 95 % interval. money: worth times
moved; what moves up gained, or moves down lost. A customer who is made to move
need not become like those of the other segment: take it for the most there is.`;

/** How many customers each segment had at the ends of months. */
export function historyText({ history }: Overview): string {
  const names = [...new Set(history.flatMap(({ segments }) => segments.map(({ segment }) => segment)))];
  return byModel(names, (name) => name)
    .map(([model, segments]) =>
      fittedTable(
        [model, ...history.map(({ as_of }) => as_of)],
        segments.map((name) => [
          short(name),
          ...history.map((day) => day.segments.find(({ segment }) => segment === name)?.customers ?? 0),
        ]),
      ),
    )
    .join('\n\n');
}

function byModel<Row>(rows: readonly Row[], name: (row: Row) => string): [string, Row[]][] {
  return Object.entries(Object.groupBy(rows, (row) => name(row).split('.')[0]!)) as [string, Row[]][];
}

/** The segment's name without its model's. */
function short(segment: string): string {
  return segment.slice(segment.indexOf('.') + 1);
}

function computed({ backfilled }: { backfilled: boolean }): string {
  return backfilled ? ', computed afterwards' : '';
}

function amount(figure: string | null): string {
  return figure === null ? '' : money(figure);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function whole(number: number): string {
  return number.toLocaleString('en');
}
