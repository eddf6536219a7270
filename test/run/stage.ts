import { afterAll, beforeAll } from 'vitest';
import { z } from 'zod';
import {
  sources,
  type Cursor,
  type Customer,
  type DestinationDefinition,
  type Event,
  type Order,
  type OrderLine,
  type Page,
  type PullFrom,
  type Refund,
  type SourceDefinition,
} from '../../connectors/index.ts';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob, type Job } from '../../src/job/load.ts';
import { approveHeld } from '../../src/run/approve.ts';
import { profile } from '../../src/run/profile.ts';
import { pull, type Pulled } from '../../src/run/pull.ts';
import type { RunReport } from '../../src/run/report.ts';
import { runJob, type RunContext, type RunOptions } from '../../src/run/run.ts';
import { newRunId } from '../../src/run/state.ts';
import { openTestStore, type ServerStore } from '../engine/places.ts';
import { stateDir } from '../engine/state-dir.ts';
import { openPlatform } from './platform.ts';

/** A profile as it is stored; money is a decimal string without closing zeros. */
export type Profile = Record<string, string | number | null> & { customer: string };
type Profiled = { pulled: Pulled; warnings: string[]; customers: Profile[] };

/** Settings of a job file; what is not given has the value that most tests do not care about. */
export type ShopSettings = {
  name?: string;
  timezone?: string;
  currency?: string;
  exchange_rates?: Record<string, string>;
  /** As in the job file; memory sources are named only, and hold what `holds` gives them. */
  sources?: (string | object)[];
  identity?: object;
  segments?: object;
  guard?: object;
  alerts?: object[];
  schedule?: string;
  stale_after?: string;
  destinations?: object[];
  connectors?: Record<string, DestinationDefinition>;
};

/** A job in a store, with sources that yield what a test says. */
export type Shop = {
  readonly job: Job;
  /** What a source yields from now on; `name` is one of `sources`. */
  holds(records: Page | Pages, name?: string): void;
  /** Reads the job file anew, with other settings. */
  change(settings: ShopSettings): void;
  /** What a stage needs, under a run of its own. */
  context(as_of: string): RunContext;
  /** Pulls and profiles; the customers come sorted by name. */
  profile(as_of: string): Promise<Profiled>;
  /** One whole run. */
  run(as_of: string, more?: Partial<RunOptions>): Promise<RunReport>;
  /** Sends the plan that was held. */
  approve(more?: Pick<RunOptions, 'progress'>): Promise<RunReport>;
  /** Where the pulls of a source began, the first first; `name` is one of `sources`. */
  asked(name?: string): { marks: Record<string, string>; since: Record<string, string> }[];
};

export type Stage = { readonly engine: Engine; readonly state: string; shop(settings?: ShopSettings): Shop };

/**
 * A store in the real engine for all tests of a file; shops are apart from each other unless they share names. With
 * TEST_STORE=server it is on a server.
 * @param open opens an engine other than the stage's own
 */
export function openStage(open?: () => Promise<Engine>): Stage {
  const state = stateDir();
  const shelves = new Map<string, Pages>();
  const asked = new Map<string, PullFrom[]>();
  const memory = memorySource(shelves, asked);
  let engine: Engine;
  let server: ServerStore | undefined;
  let shops = 0;
  beforeAll(async () => {
    if (!open) server = await openTestStore();
    engine = await (open ? open() : openEngine(server?.settings ?? { state: state.path }));
    await createTables(engine);
  });
  afterAll(async () => {
    await engine.close();
    await server?.leave();
    await state[Symbol.asyncDispose]();
  });

  function shop(first: ShopSettings = {}): Shop {
    shops += 1;
    const number = shops;
    let settings: ShopSettings = { name: `shop-${number}`, sources: [`shelf-${number}`], ...first };
    let job = readJob(settings, memory);
    const silent = () => {};
    const context = (as_of: string): RunContext => {
      let last = 0;
      return {
        engine,
        job,
        as_of,
        run_id: newRunId(new Date()),
        signal: new AbortController().signal,
        cut: new AbortController().signal,
        counting_ms: 60_000,
        clock: () => (last = Math.max(last + 1, Date.now())),
        log: silent,
        progress: () => silent,
      };
    };
    return {
      get job() {
        return job;
      },
      holds(records, name = nameOf(settings.sources![0]!)) {
        shelves.set(name, typeof records === 'function' || Array.isArray(records) ? records : [records]);
      },
      change(more) {
        settings = { ...settings, ...more };
        job = readJob(settings, memory);
      },
      context,
      asked: (name = nameOf(settings.sources![0]!)) =>
        (asked.get(name) ?? []).map(({ marks, since }) => ({
          marks: Object.fromEntries(marks),
          since: Object.fromEntries(since),
        })),
      async profile(as_of) {
        const run = context(as_of);
        const pulled = await pull(run);
        const { warnings } = await profile(run);
        const customers = await engine.query<Profile>(
          'SELECT * EXCEPT (job, run_id) FROM profiles WHERE job = {job:String} AND run_id = {run:String} ORDER BY customer',
          { job: job.name, run: run.run_id },
        );
        return { pulled, warnings, customers };
      },
      run: (as_of, { send = true, signal = new AbortController().signal, ...more } = {}) =>
        runJob(engine, job, { as_of, send, signal, ...more, state: state.path, log: silent }),
      approve: (more) =>
        approveHeld(engine, job, {
          ...more,
          state: state.path,
          signal: new AbortController().signal,
          log: silent,
        }),
    };
  }

  return {
    get engine() {
      return engine;
    },
    get state() {
      return state.path;
    },
    shop,
  };
}

function nameOf(source: string | object): string {
  return typeof source === 'string' ? source : (source as MemorySettings).name;
}

function readJob(settings: ShopSettings, memory: SourceDefinition<MemorySettings>): Job {
  const { connectors = { platform: openPlatform().definition }, sources: named, ...rest } = settings;
  const text = JSON.stringify({
    currency: 'EUR',
    // Tests take leaps in time that no daily job does.
    guard: { max_removed_share: 1, max_added_share: 1000, min_members: 0, max_new_customers: 1 },
    destinations: [{ type: Object.keys(connectors)[0], audiences: [{ segment: '*' }] }],
    ...rest,
    sources: named?.map((source) => (typeof source === 'string' ? { type: 'memory', name: source } : source)),
  });
  const known = { sources: { ...sources, memory: memory as SourceDefinition }, destinations: connectors };
  return parseJob(text, { file: 'shop.yaml', env: {}, connectors: known });
}

/** What a source yields, one after the other; as a function also what it throws. */
type Pages = Page[] | ((from: PullFrom) => Iterable<Page>);

type MemorySettings = { name: string; extra?: string[]; cursors?: Record<string, Cursor>; token?: string };

function memorySource(
  shelves: ReadonlyMap<string, Pages>,
  asked: Map<string, PullFrom[]>,
): SourceDefinition<MemorySettings> {
  return {
    type: 'memory',
    title: 'Records of a test',
    settings: z.object({
      name: z.string(),
      extra: z.array(z.string()).optional(),
      cursors: z.record(z.string(), z.custom<Cursor>()).optional(),
      token: z.string().optional().meta({ secret: true }),
    }),
    identity: ({ name }) => name,
    cursors: ({ cursors = {} }) => cursors,
    extra_fields: ({ extra = [] }) => extra,
    open: async ({ name }) => ({
      check: async () => [],
      async *pull(from) {
        asked.set(name, [...(asked.get(name) ?? []), from]);
        const pages = shelves.get(name) ?? [];
        yield* typeof pages === 'function' ? pages(from) : pages;
      },
    }),
  };
}

let records = 0;

/** A paid order of 10.00 EUR by Ana, on 1 March 2026 at noon. */
export function anOrder(fields: Partial<Order> = {}): Order {
  return {
    order_id: `order-${++records}`,
    email: 'ana@example.com',
    ordered_at: '2026-03-01T12:00:00.000Z',
    state: 'paid',
    counts: true,
    is_test: false,
    currency: 'EUR',
    goods: '10.00',
    version: 1,
    ...fields,
  };
}

/** Money given back for an order, on 2 March 2026. */
export function aRefund(order: Order, fields: Partial<Refund> = {}): Refund {
  const { order_id, goods: amount, version } = order;
  const refund_id = `refund-${++records}`;
  return { refund_id, order_id, at: '2026-03-02T12:00:00.000Z', amount, version, ...fields };
}

export function aLine(order: Order, fields: Partial<OrderLine> = {}): OrderLine {
  const { order_id, goods: net, version } = order;
  return { order_id, line_id: `line-${++records}`, title: 'Sandals', quantity: '1', net, version, ...fields };
}

/** A description of Ana of 1 March 2026 that says nothing of her consent. */
export function aCustomer(fields: Partial<Customer> = {}): Customer {
  return {
    email: 'ana@example.com',
    email_consent: 'unknown',
    sms_consent: 'unknown',
    ads_consent: 'unknown',
    updated_at: '2026-03-01T12:00:00.000Z',
    ...fields,
  };
}

/** A visit by Ana on 5 March 2026. */
export function aVisit(fields: Partial<Event> = {}): Event {
  const at = '2026-03-05T12:00:00.000Z';
  return { event_id: `visit-${++records}`, type: 'visit', at, email: 'ana@example.com', ...fields };
}

/** A buyer as sources yield one: an order, and the description that came with it. */
export function aBuyer(name: string, order: Partial<Order> = {}, customer: Partial<Customer> = {}): Page {
  const email = `${name}@example.com`;
  return { orders: [anOrder({ email, ...order })], customers: [aCustomer({ email, ...customer })] };
}
