/**
 * A process of the imitation platforms. Its argument is how many milliseconds they take over an answer. It tells its
 * address when they are ready, and at each message what it asks for: how they were asked since the time before, or who
 * is in the audience of one of them.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { sandboxes, serveSandbox } from '../../connectors/index.ts';
import { countMembers } from './counted-members.ts';
import { activeMembers, type PlatformName } from './moves.ts';
import { watchRefusals } from './pace-figure.ts';

/** Requests of one platform that wrote, when the first and the last of them came, in milliseconds, and refusals. */
export type Asked = ReturnType<typeof nothing>;

const answer_ms = Number(process.argv[2]);
const opened = await Promise.all(Object.values(sandboxes).map((open) => open({})));
const asked: Record<string, Asked> = Object.fromEntries(opened.map(({ name }) => [name, nothing()]));
const watched = opened.map((platform) => {
  const handle: typeof platform.handle = (request) => {
    const reply = platform.handle(request);
    const own = asked[platform.name]!;
    own.refusals.see(reply);
    if (request.method === 'GET') return reply;
    own.writes += 1;
    own.last = performance.now();
    if (own.writes === 1) own.first = own.last;
    return reply;
  };
  return { ...platform, handle };
});
const delay = answer_ms > 0 ? () => wait(answer_ms) : undefined;
const { url } = await serveSandbox(watched, { delay });
process.on('message', (wanted: 'asked' | PlatformName) => {
  if (wanted !== 'asked') {
    const state = Object.fromEntries(opened.map((platform) => [platform.name, platform.state()]));
    process.send!(countMembers(activeMembers(state, wanted)));
    return;
  }
  process.send!(asked);
  for (const { name } of opened) asked[name] = nothing();
});
process.send!(url);

function nothing() {
  return { writes: 0, first: 0, last: 0, refusals: watchRefusals() };
}
