import type { Progress } from '../run/progress.ts';

/** What is known of a run just now: its stage, and the parts of that by what they are of. */
export type RunState = { stage: Progress; parts: readonly Progress[] };

/** The stages between pull and plan, in their order; people see them as one. */
const SCORING = ['profile', 'predict', 'favourites', 'segment', 'backtest'];

/** Columns of the bar; it is left out where the words leave it no room. */
const BAR = 16;

/**
 * One line that says how far a run is.
 * @param now milliseconds since 1970
 * @param width columns that it may take at most
 * @returns the words before the bar, the full and the empty part of the bar, and the words after it
 */
export function progressText(
  { stage, parts }: RunState,
  now: number,
  width: number,
): [before: string, full: string, empty: string, after: string] {
  const { label, share, words } = figures(stage, parts, now);
  const places = parts.filter(({ ended }) => !ended).map((part) => part.source ?? part.destination ?? '');
  const names = [...new Set(places)].toSorted().join(', ');
  const before = label.padEnd(7);
  const taken = before.length + words.length + (share === null ? 0 : BAR + 2);
  const named = names !== '' && taken + names.length + 2 <= width ? `${words}  ${names}` : words;
  if (share === null || taken > width) return [(before + named).slice(0, width), '', '', ''];
  const full = Math.floor(Math.min(share, 1) * BAR);
  return [before, '━'.repeat(full), '╌'.repeat(BAR - full), `  ${named}`];
}

function figures(stage: Progress, parts: readonly Progress[], now: number) {
  const seconds = (now - stage.started) / 1000;
  const place = SCORING.indexOf(stage.stage);
  if (place >= 0) {
    const words = `${stage.stage}, ${place + 1} of ${SCORING.length}  ${clock(seconds)}`;
    return { label: 'score', share: place / SCORING.length, words };
  }
  const label = stage.stage;
  const done = parts.reduce((sum, part) => sum + part.done, 0);
  const total = totalOf(stage, parts);
  if (done === 0 && !total) return { label, share: null, words: clock(seconds) };
  const unit = label === 'pull' ? 'records' : 'members';
  const rate = done / Math.max(seconds, 0.001);
  const speed = `${count(Math.round(rate))}/s`;
  if (total === null || total < done)
    return { label, share: null, words: `${count(done)} ${unit}  ${speed}  ${clock(seconds)}` };
  const time = done > 0 && done < total ? `${speed}  ${clock((total - done) / rate)} left` : clock(seconds);
  const words = `${count(done)} of ${count(total)} ${unit}  ${time}`;
  return { label, share: total === 0 ? 1 : done / total, words };
}

/** A push knows its members before their audiences come up; properties come on top. A pull knows what all sources tell. */
function totalOf(stage: Progress, parts: readonly Progress[]): number | null {
  if (stage.total !== null)
    return stage.total + parts.reduce((sum, { audience, total }) => sum + (audience ? 0 : (total ?? 0)), 0);
  const known = parts.map(({ done, total, ended }) => (ended ? done : total));
  return known.length === 0 || known.includes(null)
    ? null
    : known.reduce((sum: number, one) => sum + one!, 0);
}

function count(number: number): string {
  return number.toLocaleString('en');
}

/** Minutes and seconds, and hours where there are any. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (part: number) => String(part % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes)}:${two(whole)}`;
}
