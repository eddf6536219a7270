import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkAreaComponent, TitleComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { FrequencyClass, TrackedWeek } from './backtest.ts';
import { missText, type Outcome } from './verdict.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, MarkAreaComponent, TitleComponent, SVGRenderer]);

export type BacktestPicture = {
  job: string;
  as_of: string;
  calibration_end: string;
  purchases: Outcome;
  weeks: readonly TrackedWeek[];
  by_frequency: readonly FrequencyClass[];
};

const SIZE = { width: 860, height: 864 };

/** Dark enough for white paper, and told apart by lightness where there is no colour. */
const INK = { text: '#1f2328', quiet: '#59636e', grid: '#e5e8eb', actual: '#1f4e79', expected: '#e07b00' };

/**
 * The picture of a backtest: cumulative repeat purchases week by week with the holdout shaded, and below it the mean
 * purchases by how often customers had bought before. Actual against expected in both.
 * @returns an SVG document that needs nothing else, on white
 */
export function backtestPicture(backtest: BacktestPicture): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  try {
    chart.setOption(options(backtest));
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function options({ job, as_of, calibration_end, purchases, weeks, by_frequency }: BacktestPicture) {
  const week = (date: string) => (Date.parse(date) - Date.parse(weeks[0]?.until ?? date)) / 604_800_000 + 1;
  const [shadeFrom, shadeTo] = [week(calibration_end), week(as_of)];
  const count = (number: number) => Math.round(number).toLocaleString('en');
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: INK.text },
    title: [
      {
        text: `Backtest of ${job}: ${purchases.verdict}; ${missText(purchases)}`,
        subtext: `Fitted up to ${calibration_end}. In the holdout, up to ${as_of}, ${count(purchases.expected)} purchases were expected and ${count(purchases.actual)} made.`,
        left: 20,
        top: 16,
        textStyle: { fontSize: 19, color: INK.text },
        subtextStyle: { fontSize: 13, color: INK.quiet },
      },
      panelTitle('Repeat purchases, cumulative', 84),
      panelTitle('Purchases in the holdout, by repeat purchases before it', 532),
    ],
    legend: {
      right: 24,
      top: 82,
      selectedMode: false,
      icon: 'roundRect',
      itemWidth: 18,
      itemHeight: 10,
      itemGap: 18,
      textStyle: { fontSize: 13, color: INK.text },
    },
    grid: [
      { left: 84, right: 28, top: 122, height: 328 },
      { left: 84, right: 28, top: 570, height: 236 },
    ],
    xAxis: [
      {
        ...axis('weeks since the first purchase in the shop', 32),
        type: 'value',
        max: Math.max(weeks.length, shadeTo),
        splitLine: { show: false },
        // The last tick is where the holdout ends, rarely a round number.
        axisLabel: { ...LABEL, showMaxLabel: Number.isInteger(shadeTo) },
      },
      {
        ...axis('repeat purchases before the holdout', 32),
        gridIndex: 1,
        type: 'category',
        data: by_frequency.map(({ frequency }) => frequency),
        axisTick: { show: false },
      },
    ],
    yAxis: [
      { ...axis('repeat purchases', 60), type: 'value' },
      { ...axis('mean purchases per customer', 60), gridIndex: 1, type: 'value' },
    ],
    series: [
      {
        ...line('actual', 'solid'),
        data: [[0, 0], ...weeks.map(({ week, actual }) => [week, actual])],
        markArea: {
          silent: true,
          itemStyle: { color: INK.quiet, opacity: 0.09 },
          label: { position: 'insideTop', distance: 8, color: INK.quiet, fontSize: 13 },
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
  } satisfies EChartsCoreOption;
}

const LABEL = { fontSize: 12, color: INK.quiet };

function panelTitle(text: string, top: number) {
  return { text, left: 20, top, textStyle: { fontSize: 14, color: INK.text } };
}

function axis(name: string, nameGap: number) {
  return {
    name,
    nameLocation: 'middle',
    nameGap,
    nameTextStyle: { fontSize: 13, color: INK.text },
    axisLabel: LABEL,
    axisLine: { lineStyle: { color: INK.quiet } },
    splitLine: { lineStyle: { color: INK.grid } },
  } as const;
}

function line(name: 'actual' | 'expected', type: 'solid' | 'dashed') {
  return {
    name,
    type: 'line',
    silent: true,
    showSymbol: false,
    itemStyle: { color: INK[name] },
    lineStyle: { color: INK[name], width: 2.5, type },
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
    itemStyle: { color: INK[name] },
    data,
  } as const;
}
