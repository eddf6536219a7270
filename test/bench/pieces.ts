import { clvFigures } from './clv.ts';
import { databaseFigures } from './databases.ts';
import { diffFigures } from './diff.ts';
import type { Figure } from './figure.ts';
import { pageFigures } from './page.ts';
import { paceFigures } from './pace.ts';
import { peerFigures } from './peers.ts';
import { planFigures } from './plan.ts';
import { pushFigures } from './push.ts';
import { requestFigures } from './requests.ts';
import { scaleFigures } from './scale.ts';
import { segmentFigures } from './segments.ts';
import { sourceFigures } from './sources.ts';
import { warmFitFigure } from './warm-fit.ts';
import { wholeRunFigures } from './whole-run.ts';

/** What a piece of the bench answers; `missing` says what could not be measured on this machine. */
export type Answer = { figures: Figure[]; missing: string[] };

type Piece = (folder: string, full: boolean) => Promise<Figure[] | Answer>;

/** Changes whose requests are counted. */
const SIZES = [10, 1_000, 100_000];

/** The pieces of the bench in their order, each with its small and its large size. */
export const PIECES: Record<string, Piece> = {
  run: (folder) => wholeRunFigures(folder, 100_000),
  fit: async () => [await warmFitFigure()],
  scale: (folder, full) => scaleFigures(folder, full ? 100_000_000 : 1_000_000),
  segments: (folder, full) => segmentFigures(folder, full ? 10_000_000 : 1_000_000),
  page: (folder, full) => pageFigures(folder, full ? 10_000_000 : 1_000_000),
  plan: (folder) => planFigures(folder),
  sources: (folder, full) => sourceFigures(folder, full ? 10_000_000 : 1_000_000),
  databases: (folder, full) => databaseFigures(folder, full ? 5_000_000 : 200_000),
  peers: (folder) => peerFigures(folder),
  requests: (folder, full) => requestFigures(folder, full ? [...SIZES, 1_000_000] : SIZES),
  pace: (folder) => paceFigures(folder),
  diff: (folder, full) => diffFigures(folder, full ? 10_000_000 : 1_000_000),
  push: (folder, full) => pushFigures(folder, full ? 1_000_000 : 50_000),
  // Many more in no more memory; one platform tells that as well as three.
  large: (folder, full) => pushFigures(folder, full ? 10_000_000 : 500_000, ['facebook']),
  clv: (folder) => clvFigures(folder),
};
