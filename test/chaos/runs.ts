import { hit, nameOf } from './blows.ts';
import type { Played } from './play.ts';
import { finishedRuns, type Daemon, type Stand, type Turn } from './stand.ts';
import { brokeOff, hasRun, lastRunOf } from './store.ts';
import type { Blow, StoryDay } from './story.ts';
import { dayAfter } from './world.ts';

const LONGEST_RUN_MS = 90_000;
/** Until then a daemon has looked for the first time. */
const FIRST_LOOK_MS = 8000;
/** When the first run of a day is due. */
export const FIRST_HOUR = 5;
/** Refusals for good are looked at again only after a week. */
const CALM_AFTER_DAYS = 8;
const MOST_CALM_RUNS = 5;

/** One run of the daemon, and what strikes it. @param hour at which it is due */
export async function strike(
  played: Played,
  { day, stays }: StoryDay,
  hour: number,
  blow: Blow | undefined,
  isFragile: boolean,
): Promise<void> {
  const { stand } = played;
  const isThere = stand.daemon?.over === false;
  const isFirst = !isThere && !(await hasRun(stand.state));
  // A run that broke off is done again at the next start, whatever the clock says.
  const resumes = !isThere && !isFirst && stays && hour > FIRST_HOUR && (await brokeOff(stand.state));
  if (isThere && !stays) await stop(played);
  const usual = at(hour - 1, '59:57.500');
  // Nothing that is over by then is missed, so the time must come while the daemon looks.
  const goesOn = isThere && stays;
  const isAnew = isFirst || (!goesOn && stand.clock() > Date.parse(`${day}T${usual}Z`));
  if (!resumes)
    stand.setClock(
      `${day}T${goesOn ? overOrBefore(stand, day, hour) : isAnew ? at(hour - 3, '59:57.500') : usual}Z`,
    );
  const daemon = stand.start();
  const runs = finishedRuns(daemon);
  let expected = isFragile;
  if (blow) {
    stand.moments.at(blow.point, () => {
      expected ||= blow.what === 'kill' || blow.what === 'terminate';
      hit(played, blow);
    });
  }
  const turn =
    isAnew && !resumes
      ? await firstTurn(stand, daemon, day, hour)
      : await stand.turn(daemon, runs, LONGEST_RUN_MS);
  const isHit = stand.moments.disarm();
  if (isHit && (blow?.what === 'terminate' || blow?.what === 'kill')) await daemon.exit;
  if (isHit && blow) played.done.push(`${blow.what} ${nameOf(blow.point)}`);
  if (resumes) played.done.push('resumed');
  const what = `${day}, hour ${hour}${resumes ? ', after a run that broke off' : ''}`;
  if (turn === 'nothing') played.losses.push(`no run ended on ${what}`);
  if (typeof turn === 'object' && !expected)
    played.losses.push(`the daemon ended itself on ${what}, with ${turn.exit}`);
}

/** A job that has never run, or whose clock was put back far, has missed nothing: its time must come while the daemon is up. */
async function firstTurn(stand: Stand, daemon: Daemon, day: string, hour = FIRST_HOUR): Promise<Turn> {
  await stand.heard(daemon, 'started', LONGEST_RUN_MS);
  for (const before of [hour - 2, hour - 1]) {
    const turn = await stand.turn(daemon, 0, FIRST_LOOK_MS);
    if (turn !== 'nothing') return turn;
    stand.setClock(`${day}T${at(before, '59:59.000')}Z`);
  }
  return stand.turn(daemon, 0, LONGEST_RUN_MS);
}

const HOUR_MS = 3_600_000;

/**
 * Over the time that is due, or, where the clock has to go back, so far before it that the daemon looks first. A clock
 * that goes back by less than an hour brings nothing again, so it goes on to the next time instead.
 */
function overOrBefore(stand: Stand, day: string, hour: number): string {
  const over = at(hour, '00:00.200');
  const ahead = stand.clock() - Date.parse(`${day}T${over}Z`);
  if (ahead < 0) return over;
  return ahead < HOUR_MS ? at(hour + 1, '00:00.200') : at(hour - 1, '59:53.000');
}

function at(hour: number, rest: string): string {
  return `${String(hour).padStart(2, '0')}:${rest}`;
}

/** Puts an end to all trouble and waits until the daemon has done the whole of it once. */
export async function bringCalm(played: Played, last: string): Promise<void> {
  const { stand, losses } = played;
  // A clock that was put on may have parked somebody until later than the story's own days.
  const latest = [...stand.visited, last].toSorted().at(-1)!;
  played.day = dayAfter(latest, CALM_AFTER_DAYS);
  await stop(played);
  const isFirst = !(await hasRun(stand.state));
  stand.setClock(`${played.day}T${at(FIRST_HOUR - (isFirst ? 3 : 1), '59:57.500')}Z`);
  let turn: Turn = 'nothing';
  for (let run = 0; run < MOST_CALM_RUNS; run += 1) {
    if (run > 0) stand.setClock(`${played.day}T${at(FIRST_HOUR + run, '00:00.200')}Z`);
    const daemon = stand.start();
    turn =
      isFirst && run === 0
        ? await firstTurn(stand, daemon, played.day)
        : await stand.turn(daemon, finishedRuns(daemon), LONGEST_RUN_MS);
    const ended = await lastRunOf(stand.state);
    if (ended?.as_of === played.day && ended.status === 'done') return stop(played);
  }
  losses.push(
    `calm did not come: the last run is ${JSON.stringify(await lastRunOf(stand.state))}, ${JSON.stringify(turn)}`,
  );
}

/** Asks the daemon to end, which it does well. */
export async function stop({ stand, losses }: Played): Promise<void> {
  const { daemon } = stand;
  if (!daemon || daemon.over) return;
  daemon.process.kill('SIGTERM');
  const timer = setTimeout(() => daemon.process.kill('SIGKILL'), 15_000);
  const code = await daemon.exit;
  clearTimeout(timer);
  if (code !== 0) losses.push(`asked to end, the daemon ended with ${code}`);
}
