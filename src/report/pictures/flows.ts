import { SankeyChart } from 'echarts/charts';
import { TitleComponent } from 'echarts/components';
import { use } from 'echarts/core';
import type { FlowCell } from '../flows.ts';
import { counts, type Counts } from './figures.ts';
import { drawn, NARROW, type PictureOptions } from './frame.ts';
import { colour, segmentColour } from './palette.ts';

use([SankeyChart, TitleComponent]);

export type FlowsPicture = {
  job: string;
  /** As people read it. */
  model: string;
  since: string;
  as_of: string;
  /** Full names of the model's segments with their labels, in the order they are shown. */
  segments: readonly { segment: string; label: string }[];
  cells: readonly Pick<FlowCell, 'from' | 'to' | 'customers'>[];
};

type Cell = FlowsPicture['cells'][number];

/** A flow is at least this share of all customers thick, so that one of a single customer is seen. */
const THINNEST = 1 / 350;

/**
 * Where the customers of each segment of a model were on an earlier day and where they are now, with those who are new
 * and those who are gone. Who stayed is grey, who moved has the colour of the segment they came to.
 *
 * @returns an SVG element
 */
export function flowsPicture(flows: FlowsPicture, { width, locale, ...options }: PictureOptions): string {
  const narrow = width < NARROW;
  const texts = counts(locale);
  const cells = flows.cells.filter(({ customers }) => customers > 0);
  const all = cells.reduce((sum, { customers }) => sum + customers, 0);
  const [before, after] = [endsOf(flows, cells, 'from'), endsOf(flows, cells, 'to')];
  const height = options.height ?? 110 + 54 * Math.max(before.length, after.length);
  const edge = narrow ? 2 : 200;
  const fontSize = narrow ? 11.5 : 13;
  const node = (side: 'from' | 'to') => (end: End) => ({
    name: idOf(side, end.segment),
    itemStyle: { color: end.colour },
    label: {
      position: (side === 'from') === narrow ? 'right' : 'left',
      formatter: () => `${texts.count(end.customers)} ${end.label}`,
    },
  });
  return drawn(
    {
      title: [
        { ...HEAD, text: flows.since, ...(narrow ? { left: 2 } : { left: edge }) },
        { ...HEAD, text: flows.as_of, ...(narrow ? { right: 2 } : { right: edge }) },
      ],
      series: {
        type: 'sankey',
        left: edge,
        right: edge,
        top: 28,
        bottom: 6,
        nodeWidth: 14,
        nodeGap: 20,
        // The order of the segments stands.
        layoutIterations: 0,
        draggable: false,
        data: [...before.map(node('from')), ...after.map(node('to'))],
        links: cells.map(({ from, to, customers }) => ({
          source: idOf('from', from),
          target: idOf('to', to),
          value: Math.max(customers, all * THINNEST),
          lineStyle:
            from === to
              ? { color: colour('quiet'), opacity: 0.18 }
              : { color: after.find(({ segment }) => segment === to)!.colour, opacity: 0.5 },
        })),
        label: {
          fontSize,
          color: colour('ink'),
          width: narrow ? width / 2 - 24 : edge - 10,
          overflow: 'truncate',
          // On a phone the names lie on the flows.
          ...(narrow ? { textBorderColor: colour('card'), textBorderWidth: 3 } : {}),
        },
        emphasis: { disabled: true },
      },
    },
    { width, height },
    {
      title: `Moves of customers in ${flows.job}, ${flows.since} to ${flows.as_of}: ${flows.model}`,
      desc: inWords(flows, cells, texts),
    },
  );
}

const HEAD = { top: 0, padding: 0, textStyle: { fontSize: 13, color: colour('ink') } };

type End = { segment: string | null; label: string; customers: number; colour: string };

/** Who was where on one of the two days; those who were no customers stand at the end. */
function endsOf(flows: FlowsPicture, cells: readonly Cell[], side: 'from' | 'to'): End[] {
  const segments = flows.segments.map(({ segment, label }, place) => ({
    segment,
    label,
    colour: segmentColour(segment, place),
  }));
  const nobody = { segment: null, label: side === 'from' ? 'new' : 'gone', colour: colour('quiet') };
  return [...segments, nobody].flatMap((end) => {
    const mine = cells.filter((cell) => cell[side] === end.segment);
    const customers = mine.reduce((sum, cell) => sum + cell.customers, 0);
    return customers > 0 ? [{ ...end, customers }] : [];
  });
}

function idOf(side: 'from' | 'to', segment: string | null): string {
  return `${side} ${segment ?? ''}`;
}

function inWords(flows: FlowsPicture, cells: readonly Cell[], texts: Counts): string {
  const labels = new Map(flows.segments.map(({ segment, label }) => [segment, label]));
  const named = (segment: string | null, other: string) =>
    segment === null ? other : (labels.get(segment) ?? segment);
  return cells
    .toSorted((a, b) => b.customers - a.customers)
    .map(({ from, to, customers }) => {
      const who = texts.customers(customers);
      if (from === to) return `${who} stayed in ${named(from, '')}.`;
      return `${who} from ${named(from, 'new')} to ${named(to, 'gone')}.`;
    })
    .join(' ');
}
