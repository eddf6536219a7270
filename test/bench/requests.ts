import { deepStrictEqual } from 'node:assert';
import { join } from 'node:path';
import { destinations } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';
import { PLATFORMS, type PlatformName } from './moves.ts';
import { openOwnSandbox } from './own-sandbox.ts';
import { pushDays } from './push.ts';

/** Of so many changes one in eleven is a removal. */
const REMOVED = 1 / 11;
/** Members that stay. */
const STAY = 10;

/**
 * Requests that write for changes of these sizes, as the platforms counted them, against their floor. Throws where they
 * are not what the plan foretold.
 */
export async function requestFigures(folder: string, sizes: readonly number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) {
    for (const platform of PLATFORMS) figures.push(await ofSize(folder, platform, size));
  }
  return figures;
}

async function ofSize(folder: string, platform: PlatformName, size: number): Promise<Figure> {
  const remove = Math.max(1, Math.round(size * REMOVED));
  const add = size - remove;
  await using sandbox = await openOwnSandbox();
  const task = { state: join(folder, `requests-${platform}-${size}`), url: sandbox.url, platform };
  await pushDays({ ...task, days: [{ from: 0, members: remove + STAY }] });
  await sandbox.asked(platform);
  const { days } = await pushDays({ ...task, days: [{ from: remove, members: STAY + add }] });
  const { writes: sent } = await sandbox.asked(platform);
  deepStrictEqual(sent, days[0]!.foretold, `${platform}: not as foretold`);
  const floor = destinations[platform]!.floor({ create: false, add, remove });
  return {
    work: `${size.toLocaleString('en')} changes, ${platform}`,
    measured: `${sent} requests`,
    against: `floor ${floor}`,
    ratio: sent / floor,
  };
}
