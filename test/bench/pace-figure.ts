import type { SandboxReply } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';

/** How often a platform refused a request for its limits, and how often at most before it took one again. */
export type Refusals = { all: number; in_a_row: number };

/** Counts them from the platform's answers, in their order: Meta sends most of its own with status 400. */
export function watchRefusals(): Refusals & { see(reply: SandboxReply): void } {
  let row = 0;
  return {
    all: 0,
    in_a_row: 0,
    see({ status, body }) {
      const code = (body as { error?: { code?: number } } | undefined)?.error?.code;
      const refused = status === 429 || (status === 400 && code === 80003);
      row = refused ? row + 1 : 0;
      if (refused) this.all += 1;
      this.in_a_row = Math.max(this.in_a_row, row);
    },
  };
}

/** @param limit what the platform allows, in words, and the least seconds that the work takes by it */
export function paceFigure(
  work: string,
  took: number,
  limit: { words: string; least: number },
  { all, in_a_row }: Refusals,
): Figure {
  return {
    work: `pace of ${work}`,
    measured: `${took.toFixed(2)} s; ${all} refused, ${in_a_row} in a row`,
    against: `${limit.words}: ${limit.least.toFixed(2)} s`,
    ratio: took / limit.least,
  };
}
