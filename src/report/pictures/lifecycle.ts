import { BarChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { use } from 'echarts/core';
import { figures, type Figures } from './figures.ts';
import { drawn, NARROW, type PictureOptions } from './frame.ts';
import { colour, segmentColour } from './palette.ts';

use([BarChart, GridComponent, TitleComponent]);

export type LifecyclePicture = {
  job: string;
  as_of: string;
  currency: string;
  /** Full names, in the order they are shown. Those of any model will do. */
  segments: readonly {
    segment: string;
    label: string;
    customers: number;
    share: number;
    revenue_12m: string;
    mean_clv_12m: string | null;
  }[];
};

type Segment = LifecyclePicture['segments'][number];
type Panel = { title: string; value: (segment: Segment) => number; text: (segment: Segment) => string };

const HEAD = 34;
const BETWEEN = 18;

/**
 * The segments of a model side by side: how many customers, their revenue of 12 months and, where one is computed,
 * their mean CLV.
 *
 * @param link where a segment leads, by its full name
 * @returns an SVG element
 */
export function lifecyclePicture(
  { job, as_of, currency, segments }: LifecyclePicture,
  options: PictureOptions & { link?: (segment: string) => string },
): string {
  const { width, link } = options;
  const texts = figures(currency, options.locale);
  const narrow = width < NARROW;
  const panels = panelsOf(segments, texts);
  const row = narrow ? 26 : 34;
  const high = segments.length * row;
  const height = options.height ?? (narrow ? panels.length * (HEAD + high + BETWEEN) : HEAD + high + 6);
  const names = narrow ? 92 : 128;
  const wide = narrow ? width : (width - names) / panels.length;
  const places = panels.map((_, index) => ({
    left: narrow ? names : names + index * wide,
    top: HEAD + (narrow ? index * (HEAD + high + BETWEEN) : 0),
    width: (narrow ? width - names : wide) - VALUES,
    height: high,
  }));
  return drawn(
    {
      title: panels.map(({ title }, index) => ({
        text: title,
        left: narrow ? 0 : places[index]!.left,
        top: places[index]!.top - HEAD + 4,
        padding: 0,
        textStyle: { fontSize: 14, color: colour('ink') },
      })),
      grid: places,
      xAxis: panels.map(({ value }, index) => ({
        type: 'value',
        gridIndex: index,
        show: false,
        min: 0,
        // An axis needs a length where nobody has anything.
        max: Math.max(...segments.map(value)) || 1,
      })),
      yAxis: panels.map((_, index) => ({
        type: 'category',
        gridIndex: index,
        inverse: true,
        data: segments.map(({ label }) => label),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          show: narrow || index === 0,
          interval: 0,
          fontSize: narrow ? 12 : 13,
          color: colour('ink'),
          width: names - 12,
          overflow: 'truncate',
        },
      })),
      series: panels.map(({ value, text }, index) => ({
        type: 'bar',
        xAxisIndex: index,
        yAxisIndex: index,
        barWidth: narrow ? 13 : 17,
        data: segments.map((segment, place) => ({
          value: Math.max(0, value(segment)),
          itemStyle: { color: segmentColour(segment.segment, place) },
          label: { formatter: () => text(segment) },
        })),
        label: { show: true, position: 'right', fontSize: 12, color: colour('ink') },
      })),
    },
    { width, height },
    {
      title: `Segments of the customers of ${job}, ${as_of}`,
      desc: segments.map((segment) => inWords(segment, texts)).join(' '),
    },
    (_, item) => link && { href: link(segments[item]!.segment), words: inWords(segments[item]!, texts) },
  );
}

/** Room for the number after the longest bar. */
const VALUES = 98;

function panelsOf(segments: readonly Segment[], texts: Figures): Panel[] {
  const panels = [
    {
      title: 'Customers',
      value: ({ customers }: Segment) => customers,
      text: ({ customers, share }: Segment) => `${texts.count(customers)} · ${texts.share(share)}`,
    },
    {
      title: 'Revenue of 12 months',
      value: ({ revenue_12m }: Segment) => Number(revenue_12m),
      text: ({ revenue_12m }: Segment) => texts.money(revenue_12m),
    },
  ];
  if (segments.every(({ mean_clv_12m }) => mean_clv_12m === null)) return panels;
  return [
    ...panels,
    {
      title: 'Mean CLV of 12 months',
      value: ({ mean_clv_12m }) => Number(mean_clv_12m),
      text: ({ mean_clv_12m }) => (mean_clv_12m === null ? 'none' : texts.money(mean_clv_12m)),
    },
  ];
}

function inWords({ label, customers, share, revenue_12m, mean_clv_12m }: Segment, texts: Figures): string {
  const clv = mean_clv_12m === null ? '' : `, mean CLV ${texts.money(mean_clv_12m)}`;
  return `${label}: ${texts.customers(customers)} (${texts.share(share)}), revenue of 12 months ${texts.money(revenue_12m)}${clv}.`;
}
