import { deepStrictEqual } from 'node:assert';
import { destinations } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';
import { DAYS, movers, openMovingShop, ORDERED, PLATFORMS } from './moves.ts';

/** Of so many changes one in eleven is a removal. */
const REMOVED = 1 / 11;

/**
 * Requests that write for changes of these sizes, as the platforms counted them, against their floor. Throws where they
 * are not what the plan foretold.
 */
export async function requestFigures(folder: string, sizes: readonly number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await ofSize(folder, size)));
  return figures;
}

async function ofSize(folder: string, size: number): Promise<Figure[]> {
  const remove = Math.max(1, Math.round(size * REMOVED));
  const add = size - remove;
  const all = [
    ...movers('stays', 10, ORDERED.stays),
    ...movers('leaves', remove, ORDERED.leaves),
    ...movers('joins', add, ORDERED.joins),
  ];
  await using shop = await openMovingShop(folder, all);
  await shop.run(DAYS.before);
  const before = PLATFORMS.map((platform) => shop.requests(platform).writes);
  const { audiences } = await shop.run(DAYS.after, { send: false });
  await shop.run(DAYS.after);
  return PLATFORMS.map((platform, index) => {
    const sent = shop.requests(platform).writes - before[index]!;
    const foretold = audiences.find(({ destination }) => destination === platform)!.requests;
    deepStrictEqual(sent, foretold, `${platform}: not as foretold`);
    const floor = destinations[platform]!.floor({ create: false, add, remove });
    return {
      work: `${size.toLocaleString('en')} changes, ${platform}`,
      measured: `${sent} requests`,
      against: `floor ${floor}`,
      ratio: sent / floor,
    };
  });
}
