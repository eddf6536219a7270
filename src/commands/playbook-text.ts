import { playKey, type Play } from '../job/playbook.ts';
import type { Overview } from '../run/overview.ts';

/** A segment with customers and what the playbook says of it. */
export type PlayedSegment = Play & { segment: string; customers: number };

/** What to do about each segment that has customers, the most urgent first; those nothing is said of are left out. */
export function playedSegments(
  segments: Overview['segments'],
  playbook: ReadonlyMap<string, Play>,
): PlayedSegment[] {
  const played = segments.flatMap(({ segment, customers }) => {
    const play = playbook.get(playKey(segment));
    const said = play && [play.meaning, play.email, play.ads, play.outreach].some((text) => text !== '');
    return said && customers > 0 ? [{ segment, customers, ...play }] : [];
  });
  return played.toSorted((a, b) => (a.priority ?? Infinity) - (b.priority ?? Infinity));
}

/** The playbook for people, in 80 columns. */
export function playbookText(played: readonly PlayedSegment[]): string {
  return played
    .map(({ segment, customers, meaning, email, ads, outreach }) =>
      [
        `${segment}: ${customers.toLocaleString('en')} customers`,
        ...wrapped('', meaning),
        ...wrapped('e-mail: ', email),
        ...wrapped('ads: ', ads),
        ...wrapped('in person: ', outreach),
      ].join('\n'),
    )
    .join('\n\n');
}

const WIDTH = 76;

/** Lines of an indented paragraph; none where there is no text. */
function wrapped(head: string, text: string): string[] {
  if (text === '') return [];
  const lines = [head];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)!;
    if (last.length + word.length > WIDTH) lines.push(`${word} `);
    else lines[lines.length - 1] = `${last}${word} `;
  }
  return lines.map((line) => `  ${line.trimEnd()}`);
}
