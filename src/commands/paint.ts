import { styleText } from 'node:util';
import type { RunStatus } from '../run/report.ts';

const STYLES = { good: 'green', warning: 'yellow', bad: 'red', faint: 'dim' } as const;

/** Colours text where the stream is a terminal that can, or FORCE_COLOR says so, and NO_COLOR does not forbid it. */
export function paint(
  style: keyof typeof STYLES,
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
): string {
  return text === '' ? '' : styleText(STYLES[style], text, { stream });
}

/** How a run ended, for the standard output. */
export function statusWord(status: RunStatus): string {
  const styles = { done: 'good', partial: 'warning', held: 'warning', failed: 'bad' } as const;
  return paint(styles[status], status);
}
