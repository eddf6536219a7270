import { randomFrom, type Random } from '../../config/sample/generator/random.ts';
import { dayAfter, openWorld, type World } from './world.ts';

export const STAGES = ['pull', 'profile', 'predict', 'segment', 'plan', 'push'] as const;
const PLATFORMS = ['mailchimp', 'klaviyo', 'facebook'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A moment of a run, as it can be told from outside. */
export type Point =
  | { at: 'random'; ms: number }
  | { at: 'begun' | 'ended'; stage: (typeof STAGES)[number]; ms: number }
  | { at: 'stored'; insert: number }
  | { at: 'before' | 'taken' | 'answered'; write: number; ms: number }
  | { at: 'reported' };

/** What happens to the machine at a point of a run. */
export type Blow =
  | { what: 'kill' | 'kill_engine' | 'terminate' | 'fill_disk'; point: Point }
  | { what: 'sleep'; point: Point; ms: number }
  | { what: 'jump'; point: Point; hours: number };

const FAULTS = [
  'throttled',
  'throttled_bare',
  'throttled_long',
  'key_refused',
  'error_500',
  'error_502',
  'error_503',
  'garbage',
  'web_page',
  'cut_short',
  'reset_before',
  'reset_after',
] as const;
export type FaultKind = (typeof FAULTS)[number];
export type Faulty = { kind: FaultKind; platform: Platform; writes: boolean; skip: number; times: number };

const SOURCE = ['vanished', 'half_written', 'unreadable', 'other_header'] as const;
export type SourceTrouble = (typeof SOURCE)[number];
const AROUND = ['small_memory', 'broken_job'] as const;

export type StoryDay = {
  day: string;
  blows: Blow[];
  faults: Faulty[];
  /** Answers that take so many milliseconds, and how many do. */
  slow?: { ms: number; answers: number };
  /** Of each batch to these, one member is spoilt on the way. */
  spoilt: Platform[];
  source?: SourceTrouble;
  around?: (typeof AROUND)[number];
  /** The daemon stays up, and what broke off is to be done again without a further time being due. */
  stays: boolean;
  /** Others put somebody into each audience before the day's run. */
  guests: boolean;
};

export type Story = { seed: number; world: World; first: string; days: StoryDay[] };

/** The day before a story begins. */
const BEFORE = '2027-02-28';

/** The story of a seed: the same on every machine and day. */
export function storyOf(seed: number, days: number): Story {
  const random = randomFrom(seed * 7919 + 17);
  const world = openWorld(random, BEFORE, days);
  const told = Array.from({ length: days }, (_, index) => storyDay(random, index));
  return { seed, world, first: BEFORE, days: told };
}

function storyDay(random: Random, index: number): StoryDay {
  const maybe = <T>(chance: number, draw: () => T): T | undefined =>
    random.chance(chance) ? draw() : undefined;
  const several = <T>(weights: readonly number[], draw: () => T): T[] =>
    Array.from({ length: random.weighted(weights) }, draw);
  return {
    day: dayAfter(BEFORE, index + 1),
    blows: several([2, 5, 3], () => blow(random)),
    faults: several([3, 3, 2, 1], () => fault(random)),
    slow: maybe(0.15, () => ({ ms: random.whole(100, 600), answers: random.whole(1, 6) })),
    spoilt: maybe(0.12, () => [random.pick(['mailchimp', 'facebook'] as const)]) ?? [],
    source: maybe(0.25, () => random.pick(SOURCE)),
    around: maybe(0.15, () => random.pick(AROUND)),
    stays: random.chance(0.5),
    guests: index > 0 && random.chance(0.5),
  };
}

function blow(random: Random): Blow {
  const what = ['kill', 'kill_engine', 'terminate', 'fill_disk', 'sleep', 'jump'] as const;
  const chosen = what[random.weighted([10, 4, 2, 2, 2, 3])]!;
  const point = pointOf(random);
  if (chosen === 'sleep') return { what: chosen, point, ms: random.whole(100, 1500) };
  if (chosen === 'jump') return { what: chosen, point, hours: random.pick([-49, -3, 5, 26, 24 * 9]) };
  return { what: chosen, point };
}

function pointOf(random: Random): Point {
  const ms = random.whole(0, 12);
  const stage = random.pick(STAGES);
  switch (random.weighted([3, 3, 3, 2, 2, 3, 3, 1])) {
    case 0:
      return { at: 'random', ms: random.whole(0, 5000) };
    case 1:
      return { at: 'begun', stage, ms: random.whole(0, 60) };
    case 2:
      return { at: 'ended', stage, ms: 0 };
    case 3:
      return { at: 'stored', insert: random.whole(1, 25) };
    case 4:
      return { at: 'before', write: random.whole(1, 14), ms };
    case 5:
      return { at: 'taken', write: random.whole(1, 14), ms };
    case 6:
      return { at: 'answered', write: random.whole(1, 14), ms };
    default:
      return { at: 'reported' };
  }
}

function fault(random: Random): Faulty {
  return {
    kind: random.pick(FAULTS),
    platform: random.pick(PLATFORMS),
    writes: random.chance(0.7),
    skip: random.whole(0, 3),
    times: random.pick([1, 1, 2, 5]),
  };
}
