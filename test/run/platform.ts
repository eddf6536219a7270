import { z } from 'zod';
import {
  SyncError,
  type Acknowledgement,
  type Change,
  type Destination,
  type DestinationDefinition,
  type Member,
  type Outcome,
  type PropertiesAcknowledgement,
} from '../../connectors/index.ts';
import { batches } from '../../connectors/batches.ts';
import { sideBySide } from '../../connectors/side-by-side.ts';

type Op = 'add' | 'remove' | 'properties';
type Held = { remote_id: string; settings: unknown; members: Map<string, Member> };

/** A small platform that holds audiences in memory and does what a test tells it. */
export type Platform = {
  definition: DestinationDefinition<{ account: string }>;
  /** By name. */
  audiences: Map<string, Held>;
  /** What it was told of people, by their key. */
  properties: Map<string, Record<string, unknown>>;
  /** Every request that wrote, as `op name: keys` in their order. */
  requests: string[];
  /** Every member as they were offered. */
  offered: { op: Op; member: Member }[];
  /** How a member ends; all are done unless a test says otherwise. */
  outcome: (key: string, op: Op) => Outcome['result'] | 'refused for good';
  /** The platform's own id of a member, where it tells one. */
  idOf: (key: string) => string | undefined;
  /** Batches under way at a time. */
  at_a_time: number;
  /** The connection breaks after so many batches of a push: `taken` before, `lost` after the platform acted on it. */
  breaks?: { after: number; batch: 'taken' | 'lost' };
  /** Called when a batch was taken, before the run hears of it. */
  took?: () => void | Promise<void>;
  /** A property that it drops, with the reason. */
  drops?: { property: string; reason: string };
  /** When its credentials stop working, where it tells. */
  expiresAt?: () => Promise<string | null>;
  /** The sorted keys that an audience holds; none where it does not exist. */
  members(name: string): string[];
};

const BATCH = 2;

export function openPlatform(more: Partial<Omit<DestinationDefinition, 'account' | 'open'>> = {}): Platform {
  let created = 0;
  const platform: Platform = {
    definition: {
      type: 'platform',
      title: 'Platform of a test',
      audience_word: 'audience',
      settings: z.object({ account: z.string().default('main') }),
      identifiers: ['email', 'phone'],
      consent: { channel: 'email', rule: 'ignore' },
      remembers_ids: true,
      floor: ({ create, add, remove }) =>
        (create ? 1 : 0) + Math.ceil(add / BATCH) + Math.ceil(remove / BATCH),
      ...more,
      account: ({ account }) => account,
      open: async () => destination(platform, () => `remote-${++created}`),
    },
    audiences: new Map(),
    properties: new Map(),
    requests: [],
    offered: [],
    outcome: () => 'done',
    idOf: () => undefined,
    at_a_time: 1,
    members: (name) => [...(platform.audiences.get(name)?.members.keys() ?? [])].toSorted(),
  };
  return platform;
}

function destination(platform: Platform, newId: () => string): Destination {
  const pace = (stop?: AbortSignal) => ({ most: platform.at_a_time, stop });
  return {
    check: async () => [],
    expiresAt: platform.expiresAt,
    async find(refs) {
      const found = refs.flatMap(({ name }) => {
        const held = platform.audiences.get(name);
        return held ? [[name, { remote_id: held.remote_id }] as const] : [];
      });
      return new Map(found);
    },
    async create(name, settings) {
      const held = { remote_id: newId(), settings, members: new Map<string, Member>() };
      platform.audiences.set(name, held);
      platform.requests.push(`create ${name}`);
      return { remote_id: held.remote_id, requests: 1 };
    },
    async *push(change) {
      let sent = 0;
      async function send(op: 'add' | 'remove', members: Member[]): Promise<Acknowledgement> {
        const breaks = platform.breaks?.after === sent;
        sent += 1;
        if (breaks && platform.breaks?.batch === 'taken') throw unreachable();
        const acknowledged = take(platform, change, op, members);
        if (breaks) throw unreachable();
        await platform.took?.();
        return acknowledged;
      }
      for (const op of ['add', 'remove'] as const) {
        yield* sideBySide(batches(change[op](), BATCH), (members) => send(op, members), pace(change.stop));
      }
    },
    async *setProperties(members, stop) {
      yield* sideBySide(batches(members(), BATCH), (batch) => store(platform, batch), pace(stop));
    },
  };
}

function take(platform: Platform, change: Change, op: 'add' | 'remove', members: Member[]): Acknowledgement {
  const { name } = change.audience;
  platform.requests.push(`${op} ${name}: ${members.map(({ key }) => key).join(' ')}`);
  const held = platform.audiences.get(name)!.members;
  const outcomes = members.map((member): Outcome => {
    const outcome = outcomeOf(platform, op, member);
    if (outcome.result !== 'done') return outcome;
    if (op === 'add') held.set(member.key, member);
    else held.delete(member.key);
    return outcome;
  });
  return { added: [], removed: [], [op === 'add' ? 'added' : 'removed']: outcomes, requests: 1 };
}

async function store(platform: Platform, members: Member[]): Promise<PropertiesAcknowledgement> {
  platform.requests.push(`properties: ${members.map(({ key }) => key).join(' ')}`);
  const dropped = new Map<string, PropertiesAcknowledgement['dropped'][number]>();
  const updated = members.map((member) => {
    const outcome = outcomeOf(platform, 'properties', member);
    if (outcome.result !== 'done') return outcome;
    const taken = { ...member.properties };
    const { property = '', reason = '' } = platform.drops ?? {};
    if (property in taken) {
      delete taken[property];
      dropped.set(property, { property, reason, members: 1 + (dropped.get(property)?.members ?? 0) });
    }
    platform.properties.set(member.key, { ...platform.properties.get(member.key), ...taken });
    return outcome;
  });
  await platform.took?.();
  return { updated, dropped: [...dropped.values()], requests: 1 };
}

function outcomeOf(platform: Platform, op: Op, member: Member): Outcome {
  const { key } = member;
  platform.offered.push({ op, member });
  const result = platform.outcome(key, op);
  if (result === 'retry') return { key, result, reason: 'later' };
  if (result === 'done') return { key, result, remote_id: platform.idOf(key) };
  return { key, result: 'refused', reason: 'not wanted here', permanent: result === 'refused for good' };
}

function unreachable(): SyncError {
  return new SyncError({ code: 'DESTINATION_DOWN', what: 'The platform went away.' }, { retry: 'next_run' });
}
