import { setTimeout as wait } from 'node:timers/promises';
import { destinations } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';
import { DAYS, movers, openMovingShop, ORDERED } from './moves.ts';

const JOIN = 20_000;
/** Mailchimp takes this many requests at a time, and seconds over each of this size. */
const CONNECTIONS = 10;
const ANSWER_MS = 1000;

/** How long the requests of a change take, from the first to the last answer, where the platform is the slow one. */
export async function paceFigure(folder: string): Promise<Figure> {
  const all = [...movers('stays', 10, ORDERED.stays), ...movers('joins', JOIN, ORDERED.joins)];
  const written: number[] = [];
  let slow = false;
  await using shop = await openMovingShop(folder, all, {
    platforms: ['mailchimp'],
    seen: ({ method }) => method !== 'GET' && written.push(performance.now()),
    delay: () => wait(slow ? ANSWER_MS : 0),
  });
  await shop.run(DAYS.before);
  written.length = 0;
  slow = true;
  await shop.run(DAYS.after);
  const floor = destinations.mailchimp!.floor({ create: false, add: JOIN, remove: 0 });
  const least = (Math.ceil(floor / CONNECTIONS) * ANSWER_MS) / 1000;
  const took = (written.at(-1)! - written[0]! + ANSWER_MS) / 1000;
  return {
    work: `pace of ${JOIN.toLocaleString('en')} joining, mailchimp`,
    measured: `${took.toFixed(2)} s`,
    against: `${floor} requests, ${CONNECTIONS} at a time, 1 s each: ${least.toFixed(2)} s`,
    ratio: took / least,
  };
}
