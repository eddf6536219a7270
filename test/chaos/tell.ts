import { cpSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { contactsOf } from './contacts.ts';
import { judge } from './judge.ts';
import { play, standOf } from './play.ts';
import type { Stand } from './stand.ts';
import { storyOf } from './story.ts';

/** What is told of a story: what was done in it, and what came of it. */
export type Told = {
  seed: number;
  /** What struck the machine, and when. */
  kills: string[];
  faults: string[];
  /** What else happened. */
  others: string[];
  repeats: number;
  losses: string[];
  seconds: number;
  /** The story without its people. */
  story: string;
};

/**
 * Plays the story of a seed and judges it.
 * @param keep directory for what is left of a story that fails
 */
export async function tell(seed: number, days: number, keep?: string): Promise<Told> {
  const from = performance.now();
  const story = storyOf(seed, days);
  const stand = await standOf(story);
  const told: Told = {
    seed,
    kills: [],
    faults: [],
    others: [],
    repeats: 0,
    losses: [],
    seconds: 0,
    story: '',
  };
  told.story = JSON.stringify(story.days);
  try {
    const { said } = await contactsOf(stand.shop);
    const played = await play(story, stand);
    const { kinds } = stand;
    told.faults = [
      ...stand.shop.sandbox.met.map(({ fault }) => kinds.get(fault) ?? 'other'),
      ...played.done.filter((what) => what.startsWith('fault ')).map((what) => what.slice('fault '.length)),
    ];
    told.others = played.done.filter((what) => /^(source|around|guests|resumed)/.test(what));
    told.kills = played.done.filter((what) => !/^(fault|source|around|guests|resumed)/.test(what));
    const { losses, repeats } = await judge(played, said);
    told.losses = losses;
    told.repeats = repeats;
  } catch (error) {
    told.losses.push(`the story broke off: ${inspect(error)}`);
  } finally {
    if (told.losses.length > 0 && keep !== undefined) keepWhatIsLeft(stand, join(keep, String(seed)));
    await stand.close();
  }
  told.seconds = (performance.now() - from) / 1000;
  return told;
}

/** What the daemons said, and the store. */
function keepWhatIsLeft({ said, state }: Stand, folder: string): void {
  // Not its sockets and pipes.
  const isKept = (path: string) => lstatSync(path).isFile() || lstatSync(path).isDirectory();
  cpSync(state, join(folder, 'state'), { recursive: true, filter: isKept });
  writeFileSync(join(folder, 'daemon.log'), `${said.join('\n')}\n`);
}
