import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { CountedMembers } from './counted-members.ts';
import type { PlatformName } from './moves.ts';
import type { Asked } from './sandbox-process.ts';

const PROCESS = resolve(import.meta.dirname, 'sandbox-process.ts');
/** Of members, in the heap. */
const HOLDS_MILLIONS = ['--max-old-space-size=12288'];

export type OwnSandbox = {
  url: string;
  /** How a platform was asked since this was called last. */
  asked(platform: PlatformName): Promise<Asked>;
  /** Who is in the audience Active of a platform. */
  held(platform: PlatformName): Promise<CountedMembers>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The imitation platforms in a process of their own. @param answer_ms how long they take over each answer */
export async function openOwnSandbox(answer_ms = 0): Promise<OwnSandbox> {
  const child = fork(PROCESS, [String(answer_ms)], { execArgv: HOLDS_MILLIONS });
  const url = await told<string>(child);
  return {
    url,
    async asked(platform) {
      child.send('asked');
      return (await told<Record<PlatformName, Asked>>(child))[platform];
    },
    held(platform) {
      child.send(platform);
      return told<CountedMembers>(child);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}
