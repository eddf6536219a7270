import { z } from 'zod';
import {
  SyncError,
  type Acknowledgement,
  type Change,
  type Destination,
  type DestinationDefinition,
  type Member,
  type Outcome,
} from '../../connectors/index.ts';
import { batches } from '../../connectors/batches.ts';

type Op = 'add' | 'remove';
type Held = { remote_id: string; members: Map<string, Member> };

/** A small platform that holds audiences in memory and does what a test tells it. */
export type Platform = {
  definition: DestinationDefinition<{ account: string }>;
  /** By name. */
  audiences: Map<string, Held>;
  /** Every request that wrote, as `op name: keys` in their order. */
  requests: string[];
  /** How a member ends; all are done unless a test says otherwise. */
  outcome: (key: string, op: Op) => Outcome['result'] | 'refused for good';
  /** The connection breaks after so many batches of a push: `taken` before, `lost` after the platform acted on it. */
  breaks?: { after: number; batch: 'taken' | 'lost' };
  /** Called when a batch was taken, before the run hears of it. */
  took?: () => void;
  /** The sorted keys that an audience holds; none where it does not exist. */
  members(name: string): string[];
};

const BATCH = 2;

export function openPlatform(
  more: Partial<Pick<DestinationDefinition, 'type' | 'identifiers' | 'consent'>> = {},
): Platform {
  let created = 0;
  const platform: Platform = {
    definition: {
      type: 'platform',
      title: 'Platform of a test',
      audience_word: 'audience',
      settings: z.object({ account: z.string().default('main') }),
      identifiers: ['email', 'phone'],
      consent: { channel: 'email', rule: 'ignore' },
      ...more,
      account: ({ account }) => account,
      floor: ({ create, add, remove }) =>
        (create ? 1 : 0) + Math.ceil(add / BATCH) + Math.ceil(remove / BATCH),
      open: async () => destination(platform, () => `remote-${++created}`),
    },
    audiences: new Map(),
    requests: [],
    outcome: () => 'done',
    members: (name) => [...(platform.audiences.get(name)?.members.keys() ?? [])].toSorted(),
  };
  return platform;
}

function destination(platform: Platform, newId: () => string): Destination {
  return {
    check: async () => [],
    async find(refs) {
      const found = refs.flatMap(({ name }) => {
        const held = platform.audiences.get(name);
        return held ? [[name, { remote_id: held.remote_id }] as const] : [];
      });
      return new Map(found);
    },
    async create(name) {
      const held = { remote_id: newId(), members: new Map<string, Member>() };
      platform.audiences.set(name, held);
      platform.requests.push(`create ${name}`);
      return { remote_id: held.remote_id, requests: 1 };
    },
    async *push(change) {
      let sent = 0;
      for (const op of ['add', 'remove'] as const) {
        for await (const members of batches(change[op](), BATCH)) {
          const breaks = platform.breaks?.after === sent;
          if (breaks && platform.breaks?.batch === 'taken') throw unreachable();
          const acknowledged = take(platform, change, op, members);
          if (breaks) throw unreachable();
          sent += 1;
          platform.took?.();
          yield acknowledged;
        }
      }
    },
  };
}

function take(platform: Platform, change: Change, op: Op, members: Member[]): Acknowledgement {
  const { name } = change.audience;
  platform.requests.push(`${op} ${name}: ${members.map(({ key }) => key).join(' ')}`);
  const held = platform.audiences.get(name)!.members;
  const outcomes = members.map((member): Outcome => {
    const { key } = member;
    const result = platform.outcome(key, op);
    if (result === 'retry') return { key, result, reason: 'later' };
    if (result !== 'done') {
      return { key, result: 'refused', reason: 'not wanted here', permanent: result === 'refused for good' };
    }
    if (op === 'add') held.set(key, member);
    else held.delete(key);
    return { key, result };
  });
  return { added: [], removed: [], [op === 'add' ? 'added' : 'removed']: outcomes, requests: 1 };
}

function unreachable(): SyncError {
  return new SyncError({ code: 'PUSH_UNREACHABLE', what: 'The platform went away.' }, { retry: 'next_run' });
}
