import { once } from 'node:events';
import { z } from 'zod';
import type { Change, Derived, Destination, SyncError } from '../../connectors/index.ts';
import { openActiveShop } from './active-shop.ts';
import { openPlatform, type Platform } from './platform.ts';
import type { ShopSettings, Stage } from './stage.ts';

type Optional = 'rename' | 'count' | 'members' | 'derive';
type Seed = Parameters<NonNullable<Destination['derive']>>[0];

/** A platform that finds audiences by id, renames, counts and lists them, and makes things out of them. */
export type LivingPlatform = Platform & {
  /** What it cannot do. */
  lacks: Set<Optional>;
  /** What it fails at, and how. */
  fails: Map<Optional, SyncError>;
  /** Names of the audiences that were counted, in turn, and of those whose count is never answered. */
  counted: string[];
  stalls: Set<string>;
  /** Whether its counts are exact. */
  exact: boolean;
  /** What it was asked to make something of. */
  seeds: Seed[];
  makes: (seed: Seed) => Derived[];
  /** Somebody does this by hand there. */
  renameByHand(from: string, to: string): void;
};

/** Settings of an audience there: the fewest members that it needs, and what is to be made out of it. */
const AudienceSettings = z.object({
  least: z.number().optional(),
  makes: z.array(z.string()).optional(),
});

export function openLivingPlatform(): LivingPlatform {
  const plain = openPlatform();
  const { open } = plain.definition;
  const platform: LivingPlatform = Object.assign(plain, {
    lacks: new Set<Optional>(),
    fails: new Map<Optional, SyncError>(),
    counted: [],
    stalls: new Set<string>(),
    exact: true,
    seeds: [],
    makes: () => [],
    renameByHand(from: string, to: string) {
      const held = platform.audiences.get(from)!;
      platform.audiences.delete(from);
      platform.audiences.set(to, held);
    },
  });
  platform.definition.audience_settings = AudienceSettings;
  platform.definition.least_members = (settings) => AudienceSettings.parse(settings ?? {}).least;
  platform.definition.open = async (settings, context) => {
    const usual = await open(settings, context);
    const destination: Destination = {
      ...usual,
      ...more(platform, context.signal),
      push: (change) => usual.push({ ...change, audience: asCalledThere(platform, change.audience) }),
    };
    for (const lacking of platform.lacks) delete destination[lacking];
    return destination;
  };
  return platform;
}

function heldAs(platform: LivingPlatform, remote_id?: string) {
  return [...platform.audiences].find(([, held]) => held.remote_id === remote_id);
}

function asCalledThere(
  platform: LivingPlatform,
  { name, remote_id }: Change['audience'],
): Change['audience'] {
  return { name: heldAs(platform, remote_id)?.[0] ?? name, remote_id };
}

function more(
  platform: LivingPlatform,
  signal: AbortSignal,
): Pick<Destination, 'find'> & Partial<Pick<Destination, Optional>> {
  const fail = (what: Optional) => {
    const error = platform.fails.get(what);
    if (error) throw error;
  };
  const byId = (remote_id?: string) => heldAs(platform, remote_id);
  return {
    async find(refs) {
      const found = refs.flatMap(({ name, remote_id }) => {
        const held = byId(remote_id)?.[1] ?? platform.audiences.get(name);
        return held ? [[name, { remote_id: held.remote_id }] as const] : [];
      });
      return new Map(found);
    },
    async rename({ remote_id }, name) {
      fail('rename');
      const [former] = byId(remote_id)!;
      platform.renameByHand(former, name);
      platform.requests.push(`rename ${former} to ${name}`);
      return { requests: 1 };
    },
    async count({ remote_id }) {
      fail('count');
      const [name, { members }] = byId(remote_id)!;
      if (platform.stalls.has(name)) {
        await once(signal, 'abort');
        signal.throwIfAborted();
      }
      platform.counted.push(name);
      return { members: members.size, exact: platform.exact };
    },
    async *members({ remote_id }) {
      const keys = [...byId(remote_id)![1].members.keys()];
      yield keys.slice(0, 2);
      fail('members');
      yield keys.slice(2);
    },
    async derive(seed) {
      fail('derive');
      platform.seeds.push(seed);
      return platform.makes(seed);
    },
  };
}

/** A shop that keeps those who bought lately in the audience Active of such a platform, and others as it says. */
export function openLivingShop(stage: Stage, settings: ShopSettings = {}) {
  const platform = openLivingPlatform();
  const { shop, sells, leaves } = openActiveShop(stage, {
    connectors: { platform: platform.definition },
    ...settings,
  });
  /** The job file's only destination from now on. */
  const keeps = (audiences: object[], more: object = {}) =>
    shop.change({ destinations: [{ type: 'platform', audiences, ...more }] });
  return { shop, platform, sells, leaves, keeps };
}
