import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkAreaComponent, TitleComponent } from 'echarts/components';
import { use } from 'echarts/core';
import type { FrequencyClass, TrackedWeek } from '../backtest.ts';
import { missText, type Outcome } from '../verdict.ts';
import { counts } from './figures.ts';
import { drawn, NARROW, type PictureOptions } from './frame.ts';
import { colour } from './palette.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, MarkAreaComponent, TitleComponent]);

export type BacktestPicture = {
  job: string;
  as_of: string;
  calibration_end: string;
  purchases: Outcome;
  weeks: readonly TrackedWeek[];
  by_frequency: readonly FrequencyClass[];
};

/** Told apart by lightness where there is no colour. */
const COLOURS = { actual: colour('seg-1'), expected: colour('seg-5') };

/**
 * The picture of a backtest: cumulative repeat purchases week by week with the holdout shaded, and below it the mean
 * purchases by how often customers had bought before. Actual against expected in both.
 *
 * @returns an SVG element
 */
export function backtestPicture(
  backtest: BacktestPicture,
  { width, locale, ...options }: PictureOptions,
): string {
  const { job, as_of, calibration_end, purchases } = backtest;
  const narrow = width < NARROW;
  const height = options.height ?? (narrow ? 620 : 760);
  const texts = counts(locale);
  return drawn(
    optionOf(backtest, { width, height, narrow }, (number) => texts.count(number)),
    { width, height },
    {
      title: `Backtest of ${job}: ${purchases.verdict}; ${missText(purchases)}`,
      desc: `Fitted up to ${calibration_end}. In the holdout, up to ${as_of}, ${texts.count(purchases.expected)} purchases were expected and ${texts.count(purchases.actual)} made.`,
    },
  );
}

type Place = { width: number; height: number; narrow: boolean };

function optionOf(
  { as_of, calibration_end, weeks, by_frequency }: BacktestPicture,
  { height, narrow }: Place,
  count: (number: number) => string,
) {
  const week = (date: string) => (Date.parse(date) - Date.parse(weeks[0]?.until ?? date)) / 604_800_000 + 1;
  const [shadeFrom, shadeTo] = [week(calibration_end), week(as_of)];
  const left = narrow ? 62 : 84;
  const head = narrow ? 54 : 34;
  const upper = Math.round((height - 2 * head - 2 * FOOT) * 0.58);
  const second = head + upper + FOOT;
  return {
    title: [
      panelTitle('Repeat purchases, cumulative', 2),
      panelTitle(`Purchases in the holdout${narrow ? '' : ', by repeat purchases before it'}`, second + 2),
    ],
    legend: {
      ...(narrow ? { left: 0, top: 24 } : { right: 10, top: 0 }),
      padding: 0,
      selectedMode: false,
      icon: 'roundRect',
      itemWidth: 18,
      itemHeight: 10,
      itemGap: 18,
      textStyle: { fontSize: 13, color: colour('ink') },
    },
    grid: [
      { left, right: 12, top: head, height: upper },
      {
        left,
        right: 12,
        top: second + (narrow ? 34 : head),
        height: height - second - (narrow ? 34 : head) - FOOT,
      },
    ],
    xAxis: [
      {
        ...axis('weeks since the first purchase in the shop', 30),
        type: 'value',
        max: Math.max(weeks.length, shadeTo),
        splitLine: { show: false },
        // The last tick is where the holdout ends, rarely a round number.
        axisLabel: { ...LABEL, showMaxLabel: Number.isInteger(shadeTo) },
      },
      {
        ...axis('repeat purchases before the holdout', 30),
        gridIndex: 1,
        type: 'category',
        data: by_frequency.map(({ frequency }) => frequency),
        axisTick: { show: false },
      },
    ],
    yAxis: [
      { ...axis('repeat purchases', left - 16), type: 'value', axisLabel: { ...LABEL, formatter: count } },
      {
        ...axis(narrow ? 'mean purchases' : 'mean purchases per customer', left - 16),
        gridIndex: 1,
        type: 'value',
      },
    ],
    series: [
      {
        ...line('actual', 'solid'),
        data: [[0, 0], ...weeks.map(({ week, actual }) => [week, actual])],
        markArea: {
          silent: true,
          itemStyle: { color: colour('quiet'), opacity: 0.09 },
          label: { position: 'insideTop', distance: 8, color: colour('quiet'), fontSize: 13 },
          data: [[{ name: 'holdout', xAxis: shadeFrom }, { xAxis: shadeTo }]],
        },
      },
      {
        ...line('expected', 'dashed'),
        data: [[0, 0], ...weeks.map(({ week, expected }) => [week, expected])],
      },
      bars(
        'actual',
        by_frequency.map(({ actual }) => actual),
      ),
      bars(
        'expected',
        by_frequency.map(({ expected }) => expected),
      ),
    ],
  };
}

/** Room for the numbers and the name of an axis below a panel. */
const FOOT = 56;
const LABEL = { fontSize: 12, color: colour('quiet') };

function panelTitle(text: string, top: number) {
  return { text, left: 0, top, padding: 0, textStyle: { fontSize: 14, color: colour('ink') } };
}

function axis(name: string, nameGap: number) {
  return {
    name,
    nameLocation: 'middle',
    nameGap,
    nameTextStyle: { fontSize: 13, color: colour('ink') },
    axisLabel: LABEL,
    axisLine: { lineStyle: { color: colour('quiet') } },
    axisTick: { lineStyle: { color: colour('quiet') } },
    splitLine: { lineStyle: { color: colour('line') } },
  } as const;
}

function line(name: 'actual' | 'expected', type: 'solid' | 'dashed') {
  return {
    name,
    type: 'line',
    silent: true,
    clip: false,
    showSymbol: false,
    itemStyle: { color: COLOURS[name] },
    lineStyle: { color: COLOURS[name], width: 2.5, type },
  } as const;
}

function bars(name: 'actual' | 'expected', data: number[]) {
  return {
    name,
    type: 'bar',
    xAxisIndex: 1,
    yAxisIndex: 1,
    silent: true,
    barMaxWidth: 30,
    barGap: '8%',
    itemStyle: { color: COLOURS[name] },
    data,
  } as const;
}
