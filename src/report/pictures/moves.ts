import { BarChart } from 'echarts/charts';
import { GraphicComponent, GridComponent } from 'echarts/components';
import { use } from 'echarts/core';
import { moneyMoves, type ModelMoves } from '../moves.ts';
import { figures, type Figures } from './figures.ts';
import { drawn, type PictureOptions } from './frame.ts';
import { colour } from './palette.ts';

use([BarChart, GraphicComponent, GridComponent]);

export type MovesPicture = {
  job: string;
  model: string;
  since: string;
  as_of: string;
  currency: string;
  /** Full names of the model's segments with their labels. */
  segments: readonly { segment: string; label: string }[];
  value: ModelMoves['value'];
  moves: readonly Pick<ModelMoves['moves'][number], 'from' | 'to' | 'worth' | 'moved' | 'money'>[];
};

/** So many moves are drawn. */
const MOST = 8;
/** Each has a line of text and a bar below it. */
const ROW = 48;
const TEXT = 9;
/** Room for the sum beside the longest bar. */
const SUM = 92;

/**
 * What the moves between the segments of a model were worth, the biggest first: gained to the right, lost to the left.
 * @returns an SVG element
 */
export function movesPicture(picture: MovesPicture, { width, locale, ...options }: PictureOptions): string {
  const texts = figures(picture.currency, locale);
  const moves = moneyMoves(picture.moves).slice(0, MOST);
  const labels = new Map(picture.segments.map(({ segment, label }) => [segment, label]));
  const height = options.height ?? ROW * moves.length;
  const most = Math.max(...moves.map(({ money }) => Math.abs(Number(money))), 0) || 1;
  const lost = moves.some(({ money }) => Number(money) < 0);
  const gained = moves.some(({ money }) => Number(money) > 0);
  const name = (segment: string) => labels.get(segment) ?? segment;
  return drawn(
    {
      graphic: {
        elements: moves.map((move, index) => ({
          type: 'text',
          silent: true,
          x: 0,
          y: index * ROW + TEXT,
          style: {
            text: `${name(move.from)} → ${name(move.to)} · ${texts.customers(move.moved)}`,
            fontSize: 12.5,
            fill: colour('ink'),
            verticalAlign: 'middle',
            width,
            overflow: 'truncate',
          },
        })),
      },
      grid: { left: lost ? SUM : 2, right: gained ? SUM : 2, top: TEXT, height: ROW * moves.length },
      xAxis: { type: 'value', show: false, min: lost ? -most : 0, max: gained ? most : 0 },
      yAxis: {
        type: 'category',
        inverse: true,
        data: moves.map((_, index) => index),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour('line') } },
        axisLabel: { show: false },
      },
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: 14,
          data: moves.map(({ money }) => ({
            value: Number(money),
            itemStyle: { color: colour(Number(money) < 0 ? 'seg-2' : 'seg-3') },
            label: { position: Number(money) < 0 ? 'left' : 'right', formatter: () => texts.gain(money!) },
          })),
          label: { show: true, fontSize: 12.5, fontWeight: 'bold', color: colour('ink') },
        },
      ],
    },
    { width, height },
    {
      title: `Worth of moves in ${picture.job}, ${picture.since} to ${picture.as_of}: ${picture.model}`,
      desc: moves.map((move) => inWords(move, name, texts)).join(' '),
    },
  );
}

function inWords(
  { from, to, moved, worth, money }: MovesPicture['moves'][number],
  name: (segment: string) => string,
  texts: Figures,
): string {
  const each = worth === null ? '' : ` (${texts.gain(worth)} each)`;
  return `${name(from)} to ${name(to)}: ${texts.customers(moved)}, ${texts.gain(money!)}${each}.`;
}
