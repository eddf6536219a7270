import { CustomChart } from 'echarts/charts';
import { GraphicComponent } from 'echarts/components';
import { use } from 'echarts/core';
import { figures, type Figures } from './figures.ts';
import { drawn, NARROW, type PictureOptions } from './frame.ts';
import { colour, segmentColour } from './palette.ts';
import { regions, type Cell, type Grid, type Region } from './regions.ts';

use([CustomChart, GraphicComponent]);

export type MapPicture = {
  job: string;
  as_of: string;
  currency: string;
  /** The segment of each cell, as the job file says: value before engagement, names without the model. */
  grid: Grid;
  /** Full names. */
  segments: readonly { segment: string; label: string; customers: number; revenue_12m: string }[];
};

type Shown = MapPicture['segments'][number] & { share: number; revenue_share: number };
type Box = { x: number; y: number; width: number; height: number };

const AXIS = 26;
const GAP = 5;

const HEAD = {
  fontWeight: 'bold',
  fontSize: 15,
  lineHeight: 19,
  height: 38,
  overflow: 'break',
  lineOverflow: 'truncate',
};
const SMALL_HEAD = { ...HEAD, fontSize: 12.5, lineHeight: 15, height: 32 };

/**
 * The Value-Engagement map: a segment where its cells are, with its customers and their revenue of 12 months. The more
 * of the revenue is a segment's, the darker it is.
 *
 * @param link where a segment leads, by its full name
 * @returns an SVG element
 */
export function mapPicture(
  map: MapPicture,
  options: PictureOptions & { link?: (segment: string) => string },
): string {
  const { width, link } = options;
  const height = options.height ?? 3 * 138 + AXIS;
  const texts = figures(map.currency, options.locale);
  const shown = shares(map.segments);
  const placed = regions(map.grid).flatMap((region) => {
    const one = shown.find(({ segment }) => segment === `value_engagement.${region.segment}`);
    return one ? [{ region, one }] : [];
  });
  const box = boxes(width, height);
  const most = Math.max(...shown.map(({ revenue_share }) => revenue_share), Number.MIN_VALUE);
  return drawn(
    {
      graphic: { elements: axes(box, width < NARROW ? 11 : 12.5) },
      series: [
        items(placed, ({ region, one }) => shape(region, one, box, one.revenue_share / most)),
        items(placed, ({ region, one }) => writing(region, one, box(region.named), texts)),
      ],
    },
    { width, height },
    {
      title: `Value and engagement of the customers of ${map.job}, ${map.as_of}`,
      desc: [
        'Rows: value, high on top. Columns: engagement, high on the right.',
        ...shown.map((one) => inWords(one, texts)),
      ].join(' '),
    },
    (series, item) => {
      const { one } = placed[item]!;
      return series === 0 && link ? { href: link(one.segment), words: inWords(one, texts) } : undefined;
    },
  );
}

function items<Item>(all: readonly Item[], draw: (item: Item) => object) {
  return {
    type: 'custom',
    coordinateSystem: 'none',
    data: all.map((_, index) => index),
    renderItem: ({ dataIndex }: { dataIndex: number }) => draw(all[dataIndex]!),
  };
}

function shares(segments: MapPicture['segments']): Shown[] {
  const people = segments.reduce((sum, { customers }) => sum + customers, 0);
  const revenue = segments.reduce((sum, { revenue_12m }) => sum + Math.max(0, Number(revenue_12m)), 0);
  return segments.map((segment) => ({
    ...segment,
    share: people > 0 ? segment.customers / people : 0,
    revenue_share: revenue > 0 ? Math.max(0, Number(segment.revenue_12m)) / revenue : 0,
  }));
}

function inWords({ label, customers, share, revenue_12m, revenue_share }: Shown, texts: Figures): string {
  return `${label}: ${texts.customers(customers)} (${texts.share(share)}), ${texts.money(revenue_12m)} in 12 months (${texts.share(revenue_share)}).`;
}

/** Where each cell is. */
function boxes(width: number, height: number): (cell: Cell) => Box {
  const [wide, high] = [(width - AXIS - 2 * GAP) / 3, (height - AXIS - 2 * GAP) / 3];
  return ({ row, column }) => ({
    x: AXIS + column * (wide + GAP),
    y: row * (high + GAP),
    width: wide,
    height: high,
  });
}

/** What the rows and columns are. */
function axes(box: (cell: Cell) => Box, fontSize: number) {
  const style = { fontSize, fill: colour('quiet'), align: 'center', verticalAlign: 'middle' } as const;
  const levels = ['high', 'medium', 'low'];
  return [0, 1, 2].flatMap((index) => {
    const [first, last] = [box({ row: index, column: 0 }), box({ row: 2, column: index })];
    return [
      {
        type: 'text',
        silent: true,
        rotation: Math.PI / 2,
        x: AXIS / 2 - 3,
        y: first.y + first.height / 2,
        style: { ...style, text: `${levels[index]} value` },
      },
      {
        type: 'text',
        silent: true,
        x: last.x + last.width / 2,
        y: last.y + last.height + AXIS / 2 + 3,
        style: { ...style, text: `${levels[2 - index]} engagement` },
      },
    ];
  });
}

/** @param weight of its revenue against the segment with the most, from 0 to 1 */
function shape({ cells }: Region, { segment }: Shown, box: (cell: Cell) => Box, weight: number) {
  const style = { fill: segmentColour(segment), opacity: 0.1 + 0.16 * weight };
  return { type: 'path', shape: { pathData: outline(cells, box) }, style };
}

/** The name of a region's segment, and its numbers where they belong. */
function writing(region: Region, one: Shown, { x, y, width }: Box, texts: Figures) {
  const large = width > NARROW / 3;
  const pad = large ? 14 : 8;
  const inner = width - 2 * pad;
  const line = (text: string, top: number, style: object) => ({
    type: 'text',
    style: {
      text,
      x: x + pad,
      y: y + top,
      // Widths are estimated, and bold letters are wider than that.
      width: 'fontWeight' in style ? 0.88 * inner : inner,
      fontSize: large ? 13 : 11.5,
      fill: colour('ink'),
      overflow: 'truncate',
      ellipsis: '…',
      ...style,
    },
  });
  const bar = (share: number, top: number) => {
    const strip = (width: number) => ({ x: x + pad, y: y + top, width, height: 5 });
    const filled = share > 0 ? Math.max(2, share * inner) : 0;
    return [
      { type: 'rect', shape: strip(inner), style: { fill: colour('line') } },
      { type: 'rect', shape: strip(filled), style: { fill: segmentColour(one.segment) } },
    ];
  };
  const more = (share: number) => (large ? ` · ${texts.share(share)}` : '');
  const numbers = [
    line(texts.customers(one.customers) + more(one.share), 56, {}),
    ...bar(one.share, 73),
    line(`${texts.money(one.revenue_12m)}${large ? ' in 12 months' : ''}${more(one.revenue_share)}`, 92, {}),
    ...bar(one.revenue_share, 109),
  ];
  return {
    type: 'group',
    silent: true,
    children: [line(one.label, pad, large ? HEAD : SMALL_HEAD), ...(region.counted ? numbers : [])].map(
      (child) => ({ silent: true, ...child }),
    ),
  };
}

/** The cells of a region, and the gaps between them, as one shape. */
function outline(cells: readonly Cell[], box: (cell: Cell) => Box): string {
  const has = (row: number, column: number) =>
    cells.some((cell) => cell.row === row && cell.column === column);
  return cells
    .map((cell) => {
      const { x, y, width, height } = box(cell);
      const right = x + width + (has(cell.row, cell.column + 1) ? GAP : 0);
      const below = y + height + (has(cell.row + 1, cell.column) ? GAP : 0);
      const rectangles = [
        `M${x} ${y}H${right}V${y + height}H${x}Z`,
        `M${x} ${y}H${x + width}V${below}H${x}Z`,
      ];
      const square =
        has(cell.row, cell.column + 1) &&
        has(cell.row + 1, cell.column) &&
        has(cell.row + 1, cell.column + 1);
      return [...rectangles, ...(square ? [`M${x} ${y}H${right}V${below}H${x}Z`] : [])].join('');
    })
    .join('');
}
