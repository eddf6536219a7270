import type { z } from 'zod';
import type { Customer } from './records.ts';

/** A field of the profile as a platform may store it: dates are ISO dates, money a number; null where unknown. */
export type PropertyValue = string | number | boolean | null;

/** A customer as a destination needs them. `key` names the member in the ledger: `email:…` or `phone:…`. */
export type Member = {
  key: string;
  /** Our own stable name for the customer. */
  customer: string;
  /** Trimmed, lower case. */
  email?: string;
  /** E.164, with the plus. */
  phone?: string;
  /** What the customer is worth, as a decimal string in the job's currency, for an audience that ranks its members. */
  value?: string;
  /** Properties that changed, by their name on the platform; in `wanted`, all columns by theirs. */
  properties?: Record<string, PropertyValue>;
  /** The platform's own id of the member, as an earlier outcome told it; it may be out of date. */
  remote_id?: string;
} & Pick<Customer, 'first_name' | 'last_name' | 'city' | 'region' | 'zip' | 'country'>;

/**
 * How one member ended. `done` may tell the platform's own id of the member, for the ledger to keep and hand back: it
 * saves looking the member up. `refused` carries the platform's own reason, without personal content; a permanent one is
 * parked, any other is offered again at the next run, like `retry`.
 */
export type Outcome =
  | { key: string; result: 'done'; remote_id?: string }
  | { key: string; result: 'refused'; reason: string; permanent: boolean }
  | { key: string; result: 'retry'; reason: string };

/** What the platform answered to one batch. `requests` counts the calls that write, retries included. */
export type Acknowledgement = { added: Outcome[]; removed: Outcome[]; requests: number };

/** What the platform answered to one batch of properties; a field it refused for a member is dropped and counted. */
export type PropertiesAcknowledgement = {
  updated: Outcome[];
  dropped: { property: string; reason: string; members: number }[];
  requests: number;
};

/** An audience as the job names it, with the platform's id where an earlier run learnt it. */
export type AudienceRef = { name: string; remote_id?: string };
export type RemoteAudience = { remote_id: string };

/** How many members the platform says an audience has; `exact` is false where it rounds or lags. */
export type RemoteCount = { members: number; exact: boolean };

/** Something a platform makes out of an audience, such as a lookalike. */
export type Derived = {
  name: string;
  remote_id: string | null;
  state: 'ready' | 'created' | 'waiting' | 'skipped';
  /** What a person should know: why it waits or was skipped, what is wrong with it on the platform. */
  note?: string;
  /** Requests that wrote. */
  requests: number;
};

/** One audience's change. The iterables are read once each, in order, page by page. */
export type Change = {
  audience: { name: string; remote_id: string };
  counts: { add: number; remove: number };
  add(): AsyncIterable<Member>;
  /** Members to take out; only `key` and the identifier in it are known for certain. */
  remove(): AsyncIterable<Member>;
  /** Everyone who shall be in the audience afterwards, for destinations that write it whole; with their columns. */
  wanted(): AsyncIterable<Member>;
  /**
   * Where it is given, several batches may be under way at a time. Once it is aborted no further one is begun, and the
   * caller takes what those under way come to. Without it, batches go one by one as the caller asks for them.
   */
  stop?: AbortSignal;
};

export type DestinationContext = {
  /** Folder that relative paths in the job file are relative to. */
  folder: string;
  /** Aborts waiting, never a request in flight. */
  signal: AbortSignal;
  /** Names of the columns that members come with, in their order, where the definition has `columns`. */
  columns?: readonly string[];
  /** First wait before a retry, in milliseconds; it doubles from there. */
  backoff_ms: number;
  /** One structured line; `fields` hold no personal content and no secret. */
  log(message: string, fields?: Record<string, unknown>): void;
};

/** Which statement of the customer is looked at, and what is asked of it. */
export const CONSENT_RULES = ['required', 'not_refused', 'ignore'] as const;
export type ConsentRule = (typeof CONSENT_RULES)[number];

/**
 * A kind of destination. This part is light (no SDK), so that `plan` needs neither network nor SDK; `open` loads
 * the rest.
 */
export type DestinationDefinition<Settings = unknown> = {
  type: string;
  title: string;
  /** What the platform calls an audience; it is the key that names one in the job file. */
  audience_word: 'tag' | 'list' | 'audience' | 'file';
  /** Settings beside `audiences` and `consent`, which every destination has. */
  settings: z.ZodObject;
  /** Identifiers the platform takes, best first; a customer with none of them cannot be reached there. */
  identifiers: readonly ('email' | 'phone')[];
  consent: { channel: 'email' | 'ads'; rule: ConsentRule };
  /** Names the account, so that a ledger is never read for another one. Holds no secret. */
  account(settings: Settings): string;
  /** Settings that one entry of `audiences` may have beside `segment` and the audience's name. */
  audience_settings?: z.ZodObject;
  /** The profile field that an entry of `audiences` wants as its members' `value`, if any. */
  value_field?(audience_settings: unknown): string | undefined;
  /** The fewest members an audience needs to be of use with these settings (a seed's least size). */
  least_members?(audience_settings: unknown): number | undefined;
  /**
   * Whether the segments that an entry of `audiences` names make one audience together, each customer once, instead of
   * one each.
   */
  together?(audience_settings: unknown): boolean;
  /**
   * Where a destination writes audiences whole, with columns of the job's choice: the profile fields that it writes
   * unless the job file says otherwise; each model of the job follows them. A member one of whose columns changed is
   * among those to `add`.
   */
  columns?: readonly string[];
  /** Whether its members are to carry `remote_id`; finding it takes as long as reading the member. */
  remembers_ids?: boolean;
  /** What the platform can hold beside a member; absent where it holds nothing. */
  properties?: {
    /** The platform's word for one: `property`, `merge field`. */
    word: string;
    /** Says what is wrong with a property's name, or nothing. */
    nameProblem(name: string): string | undefined;
    /** The fewest requests that write for so many members whose properties changed. */
    floor(members: number): number;
  };
  /** The fewest requests that write for one audience's change: `platforms` limits as arithmetic. */
  floor(change: { create: boolean; add: number; remove: number }): number;
  /** Where a person looks at an audience on the platform; nothing where that is no page of the platform. */
  link?(settings: Settings, remote_id: string): string | undefined;
  open(settings: Settings, context: DestinationContext): Promise<Destination>;
};

export type Destination = {
  /**
   * Proves credentials and permissions by reading only: one line of fact each.
   * @throws SyncError where something is missing, with the cure
   */
  check(): Promise<string[]>;
  /**
   * When the credentials stop working, as an ISO time in UTC, or null where they do not or the platform does not tell;
   * reads only. Absent where credentials do not expire.
   * @throws SyncError where they do not work any more, or the platform does not answer
   */
  expiresAt?(): Promise<string | null>;
  /**
   * Looks audiences up by remembered id, else by exact name; reads only. Those that do not exist are absent from
   * the answer.
   * @throws SyncError when the platform is down, refuses the key or answers nonsense
   */
  find(audiences: readonly AudienceRef[]): Promise<Map<string, RemoteAudience>>;
  /** Creates an audience; finds it instead if it came into being meanwhile. */
  create(name: string, audience_settings?: unknown): Promise<RemoteAudience & { requests: number }>;
  /** Gives an audience another name; its members stay. Absent where the platform cannot. */
  rename?(audience: RemoteAudience, name: string): Promise<{ requests: number }>;
  /** The platform's own count of an audience, as of now. */
  count?(audience: RemoteAudience): Promise<RemoteCount>;
  /** The keys of everyone in an audience, page by page, for repair; absent where the platform does not tell. */
  members?(audience: RemoteAudience): AsyncIterable<string[]>;
  /**
   * Stores properties of people the platform knows, changed ones only, batch by batch like `push`, with `stop` as
   * there. Creates nobody and touches no consent.
   */
  setProperties?(
    members: () => AsyncIterable<Member>,
    stop?: AbortSignal,
  ): AsyncIterable<PropertiesAcknowledgement>;
  /**
   * Makes what the settings of an audience ask to be made out of it, once it holds its members. Safe to repeat: what
   * exists is found.
   * @param audience `members` as the ledger counts them, `changed` as this run changed them
   */
  derive?(audience: {
    name: string;
    remote_id: string;
    settings: unknown;
    members: number;
    changed: number;
  }): Promise<Derived[]>;
  /**
   * Takes one person out of the account as far as the platform's means for erasure go.
   * @returns what was done, a sentence each for the receipt, without personal content
   */
  erase?(member: Member, audiences: readonly RemoteAudience[]): Promise<{ done: string[]; requests: number }>;
  /**
   * Sends one audience's change batch by batch and yields after each answer. The next batch is sent only when the
   * caller asks for it, so the ledger can follow every acknowledgement; with `stop` a few batches more are under way.
   * @throws SyncError when the rest cannot be sent (key refused, platform down, audience gone: `AUDIENCE_GONE`)
   */
  push(change: Change): AsyncIterable<Acknowledgement>;
};
