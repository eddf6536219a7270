import type { Progress } from '../run/progress.ts';
import { paint, showsColours } from './paint.ts';
import { progressText } from './progress-text.ts';

type Terminal = NodeJS.WritableStream & { columns?: number };

/** The last line of a terminal, which says how far a run is; other lines are written above it. */
export type ProgressLine = {
  readonly isTTY: true;
  follow(progress: Progress): void;
  write(text: string): boolean;
  /** Wipes the line away. It comes back with the next that is heard of a run. */
  clear(): void;
};

/** So often the line is drawn, however often a run tells of itself. */
const DRAWN_MS = 100;

const WIPE = '\r\u001B[K';

export function openProgressLine(terminal: Terminal): ProgressLine {
  const coloured = showsColours(terminal);
  let stage: Progress | undefined;
  const parts = new Map<string, Progress>();
  let shown = false;
  let timer: NodeJS.Timeout | undefined;

  function draw(): void {
    if (!stage) return;
    // A line that fills the last column would wrap.
    const width = (terminal.columns || 80) - 1;
    const [before, full, empty, after] = progressText(
      { stage, parts: [...parts.values()] },
      Date.now(),
      width,
    );
    const bar = coloured ? paint('good', full) + paint('faint', empty) : full + empty;
    terminal.write(`${WIPE}${before}${bar}${after}`);
    shown = true;
  }
  function wipe(): void {
    if (shown) terminal.write(WIPE);
    shown = false;
  }
  return {
    isTTY: true,
    follow(progress) {
      const { source, destination, audience = '' } = progress;
      if (source === undefined && destination === undefined) {
        if (!progress.ended) {
          stage = progress;
          parts.clear();
        }
      } else parts.set(`${source ?? destination} ${audience}`, progress);
      timer ??= setInterval(draw, DRAWN_MS).unref();
    },
    write(text) {
      const again = shown;
      wipe();
      const written = terminal.write(text);
      if (again) draw();
      return written;
    },
    clear() {
      clearInterval(timer);
      timer = undefined;
      wipe();
      stage = undefined;
      parts.clear();
    },
  };
}
