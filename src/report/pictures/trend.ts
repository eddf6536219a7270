import { LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { counts } from './figures.ts';
import { drawn, NARROW, type PictureOptions } from './frame.ts';
import { colour, segmentColour } from './palette.ts';

use([LineChart, GridComponent, LabelLayout]);

export type TrendPicture = {
  job: string;
  /** As people read it. */
  model: string;
  /** Full names of the model's segments with their labels, in the order they are shown. */
  segments: readonly { segment: string; label: string }[];
  /** At least one, the oldest first. */
  days: readonly { as_of: string; segments: readonly { segment: string; customers: number }[] }[];
};

/** Lines that cross are told apart without colour, too. */
const MARKS = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect', 'emptyTriangle'];
const A_DAY = 86_400_000;

/**
 * How many customers each segment of a model had, by day.
 * @returns an SVG element
 */
export function trendPicture(
  trend: TrendPicture,
  { width, locale = 'en', ...options }: PictureOptions,
): string {
  const { days, segments } = trend;
  const narrow = width < NARROW;
  const texts = counts(locale);
  const height = options.height ?? 300;
  const fontSize = narrow ? 11.5 : 13;
  const [first, last] = [days[0]!.as_of, days.at(-1)!.as_of];
  const names = narrow ? 122 : 180;
  const date = dates(Date.parse(last) - Date.parse(first), locale);
  return drawn(
    {
      useUTC: true,
      grid: { left: 56, right: names, top: 14, bottom: 30 },
      xAxis: {
        type: 'time',
        minInterval: A_DAY,
        axisLine: { lineStyle: { color: colour('quiet') } },
        axisTick: { lineStyle: { color: colour('quiet') } },
        splitNumber: narrow ? 3 : 6,
        axisLabel: {
          color: colour('quiet'),
          fontSize: 12,
          hideOverlap: true,
          alignMinLabel: 'left',
          alignMaxLabel: 'right',
          formatter: (time: number) => date.format(time),
        },
      },
      yAxis: {
        type: 'value',
        min: 0,
        minInterval: 1,
        splitNumber: 4,
        axisLabel: {
          color: colour('quiet'),
          fontSize: 12,
          formatter: (number: number) => texts.count(number),
        },
        splitLine: { lineStyle: { color: colour('line') } },
      },
      series: segments.map(({ segment, label }, place) => {
        const points = pointsOf(days, segment);
        const fill = segmentColour(segment, place);
        return {
          type: 'line',
          silent: true,
          clip: false,
          data: points,
          symbol: MARKS[place % MARKS.length],
          symbolSize: days.length > 40 ? 3 : 7,
          showAllSymbol: true,
          itemStyle: { color: fill },
          lineStyle: { color: fill, width: 2 },
          endLabel: {
            show: true,
            fontSize,
            color: colour('ink'),
            width: names - 14,
            overflow: 'truncate',
            formatter: () =>
              `{mark|■} {name|${texts.count(points.at(-1)![1])} ${label.replaceAll(/[{}]/g, '')}}`,
            rich: { mark: { color: fill, fontSize }, name: { color: colour('ink'), fontSize } },
          },
          labelLayout: { moveOverlap: 'shiftY' },
        };
      }),
    },
    { width, height },
    {
      title: `Customers of ${trend.job} by day: ${trend.model}`,
      desc: segments
        .map(({ segment, label }) => {
          const points = pointsOf(days, segment);
          return `${label}: ${texts.count(points[0]![1])} on ${first}, ${texts.count(points.at(-1)![1])} on ${last}.`;
        })
        .join(' '),
    },
  );
}

function pointsOf(days: TrendPicture['days'], segment: string): [date: string, customers: number][] {
  return days.map(({ as_of, segments }) => [
    as_of,
    segments.find((one) => one.segment === segment)?.customers ?? 0,
  ]);
}

/** Days, or months where there are many. */
function dates(span: number, locale: string): Intl.DateTimeFormat {
  const parts =
    span > 300 * A_DAY
      ? ({ month: 'short', year: 'numeric' } as const)
      : ({ month: 'short', day: 'numeric' } as const);
  return new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...parts });
}
