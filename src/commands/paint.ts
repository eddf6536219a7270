import { styleText } from 'node:util';
import type { RunStatus } from '../run/report.ts';

const STYLES = { good: 'green', warning: 'yellow', bad: 'red', faint: 'dim' } as const;

/** Colours text; whoever prints it takes the colours out where the place has none. */
export function paint(style: keyof typeof STYLES, text: string): string {
  return text === '' ? '' : styleText(STYLES[style], text, { validateStream: false });
}

/** Whether a place shows colours: a terminal that can, or where FORCE_COLOR says so, unless NO_COLOR forbids it. */
export function showsColours(out: NodeJS.WritableStream): boolean {
  return styleText('red', '-', { stream: out }) !== '-';
}

export function statusWord(status: RunStatus): string {
  const styles = { done: 'good', partial: 'warning', held: 'warning', failed: 'bad' } as const;
  return paint(styles[status], status);
}
