import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stand } from './stand.ts';
import type { SourceTrouble } from './story.ts';
import { exportOf, listOf, type Changes, type World } from './world.ts';

const orderFile = ({ shop }: Stand, index: number) => join(shop.folder, `orders-${index}.csv`);

/** Writes the files of a day as a shop does: whole, and changed at that day. */
export function writeFiles(stand: Stand, world: World, day: string, changes: Changes, index: number): void {
  const orders = orderFile(stand, index);
  rmSync(orders, { recursive: true, force: true });
  put(orders, exportOf(changes.orders), day);
  const people = new Map(
    [world.history, ...world.days.slice(0, index)]
      .flatMap((all) => all.people)
      .map((one) => [one.email, one]),
  );
  put(join(stand.shop.folder, 'people.csv'), listOf([...people.values()]), day);
}

function put(path: string, text: string, day: string): void {
  writeFileSync(`${path}.new`, text);
  const time = new Date(`${day}T03:00:00Z`);
  utimesSync(`${path}.new`, time, time);
  renameSync(`${path}.new`, path);
}

/** Does to the day's export what happens to files. */
export function spoilSource(
  stand: Stand,
  trouble: SourceTrouble,
  changes: Changes,
  day: string,
  index: number,
): void {
  const path = orderFile(stand, index);
  const text = exportOf(changes.orders);
  rmSync(path);
  if (trouble === 'unreadable') mkdirSync(path);
  if (trouble === 'other_header') put(path, text.replace('Created at', 'Placed'), day);
  if (trouble === 'half_written') {
    const rows = text.split('\n').slice(0, 1 + (changes.orders.length >> 1));
    put(path, `${rows.join('\n')}\n#9`, day);
  }
}
