import { deepStrictEqual } from 'node:assert';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, memoryFigure } from './figure.ts';
import { countMembers } from './counted-members.ts';
import { PLATFORMS, type PlatformName } from './moves.ts';
import { openOwnSandbox } from './own-sandbox.ts';
import type { Pushed, PushMeasured, PushTask } from './push-process.ts';

const PROCESS = resolve(import.meta.dirname, 'push-process.ts');
/** One in a hundred moves from one day to the next. */
const MOVED = 0.01;

/**
 * A first push of so many members to each platform, and the pushes of the days after: one member in a hundred leaves and
 * another joins, then nothing changes. The program, its engine and the platforms are processes of their own. Throws
 * where the platform does not hold exactly who belongs there.
 */
export async function pushFigures(
  folder: string,
  members: number,
  platforms: readonly PlatformName[] = PLATFORMS,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const platform of platforms) figures.push(...(await pushTo(folder, platform, members)));
  return figures;
}

async function pushTo(folder: string, platform: PlatformName, members: number): Promise<Figure[]> {
  await using sandbox = await openOwnSandbox();
  const state = join(folder, `push-${platform}-${members}`);
  const moved = Math.ceil(members * MOVED);
  const days = [0, moved, moved].map((from) => ({ from, members }));
  const measured = await pushDays({ state, url: sandbox.url, platform, days });
  deepStrictEqual(await sandbox.held(platform), countMembers(expected(platform, moved, members)));
  const { own_rest, own_peak, engine_peak } = measured;
  const work = `push of ${members.toLocaleString('en')}, ${platform}`;
  const requests = (what: string, day: Pushed): Figure => ({
    work: `${work}${what}`,
    measured: `${day.requests} requests, plan ${day.plan.toFixed(1)} s, push ${day.push.toFixed(1)} s`,
    against: `floor ${day.floor}`,
    ratio: day.floor === 0 ? 1 + day.requests : day.requests / day.floor,
  });
  return [
    ...['', ', next day, 1 % moved', ', next day, unchanged'].map((what, day) =>
      requests(what, measured.days[day]!),
    ),
    memoryFigure(work, own_peak, `${Math.round(own_rest)} before; engine ${Math.round(engine_peak)} MB`),
  ];
}

/** Pushes day by day in a process of its own. */
export async function pushDays(task: PushTask): Promise<PushMeasured> {
  await mkdir(task.state, { recursive: true });
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, JSON.stringify(task)]);
  return JSON.parse(stdout) as PushMeasured;
}

function* expected(platform: PlatformName, from: number, members: number): Generator<string> {
  for (let index = from; index < from + members; index += 1) {
    const email = `shopper${index}@example.com`;
    yield platform === 'facebook' ? hash('sha256', email) : email;
  }
}
