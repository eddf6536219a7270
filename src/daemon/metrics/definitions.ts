import { escaped, markdownTable } from '../../job/docs.ts';
import { RUN_STATUSES } from '../../run/report.ts';

type Definition = { name: string; help: string; labels: readonly string[] };

/** What became of members that were to be sent. */
export const OUTCOMES = ['added', 'removed', 'updated', 'refused', 'retry'] as const;

/** Kinds of records as reports count them. */
export const RECORDS = ['orders', 'lines', 'customers', 'events'] as const;

const audience = ['job', 'destination', 'audience'] as const;

/** Counted from the start of the daemon on. */
export const COUNTERS = {
  runs: {
    name: 'segment_sync_runs_total',
    help: `Runs of this daemon that ended, by status: ${listed(RUN_STATUSES)}.`,
    labels: ['job', 'status'],
  },
  stage_seconds: {
    name: 'segment_sync_stage_seconds_total',
    help: 'Time that runs spent in each stage, such as pull, segment and push.',
    labels: ['job', 'stage'],
  },
  records: {
    name: 'segment_sync_pulled_records_total',
    help: `Records that runs read from the sources, by kind: ${listed(RECORDS)}.`,
    labels: ['job', 'records'],
  },
  rejected: {
    name: 'segment_sync_rejected_rows_total',
    help: 'Rows of a source that could not be read as a record.',
    labels: ['job', 'source'],
  },
  members: {
    name: 'segment_sync_members_total',
    help: 'Members of audiences, by what became of them: `added`, `removed`, `updated`, `refused` by the platform, or left to the next run (`retry`).',
    labels: [...audience, 'outcome'],
  },
  properties: {
    name: 'segment_sync_properties_people_total',
    help: 'People whose properties were to be stored, by what became of them: `updated`, `refused`, or left to the next run (`retry`).',
    labels: ['job', 'destination', 'outcome'],
  },
  requests: {
    name: 'segment_sync_requests_total',
    help: 'Requests to a destination that write, those made again included.',
    labels: ['job', 'destination'],
  },
  waits: {
    name: 'segment_sync_limiter_waits_total',
    help: 'Requests that waited for their turn, because of what their platform takes at a time.',
    labels: ['platform'],
  },
  wait_seconds: {
    name: 'segment_sync_limiter_wait_seconds_total',
    help: 'How long they waited. Requests of several jobs and audiences wait side by side.',
    labels: ['platform'],
  },
} as const satisfies Record<string, Definition>;

export const HISTOGRAMS = {
  run_seconds: {
    name: 'segment_sync_run_duration_seconds',
    help: 'How long runs of this daemon took, from a second to six hours.',
    labels: ['job'],
    buckets: [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 21_600],
  },
} as const satisfies Record<string, Definition & { buckets: readonly number[] }>;

/** As things are; those of runs hold for runs by command too. */
export const GAUGES = {
  running: { name: 'segment_sync_job_running', help: 'Whether the daemon runs it now (1).', labels: ['job'] },
  overdue: {
    name: 'segment_sync_job_overdue',
    help: 'Whether a scheduled time passed a quarter of an hour ago and no run stands for it (1).',
    labels: ['job'],
  },
  next_due: {
    name: 'segment_sync_job_next_due_timestamp_seconds',
    help: 'When it is due next, in seconds since 1970; absent without a schedule.',
    labels: ['job'],
  },
  file_usable: {
    name: 'segment_sync_job_file_usable',
    help: 'Whether its file can be used (1) or not (0), in which case the job goes on as it was, if it was.',
    labels: ['job'],
  },
  last_status: {
    name: 'segment_sync_last_run_status',
    help: 'How the last run that was to send ended: 1 for its status, 0 for the others.',
    labels: ['job', 'status'],
  },
  last_end: {
    name: 'segment_sync_last_run_timestamp_seconds',
    help: 'When it ended, in seconds since 1970.',
    labels: ['job'],
  },
  plan_held: {
    name: 'segment_sync_plan_held',
    help: 'Whether a plan waits for `approve` (1).',
    labels: ['job'],
  },
  members: {
    name: 'segment_sync_audience_members',
    help: 'Members that the platform acknowledged, as of the end of the last run.',
    labels: audience,
  },
  age: {
    name: 'segment_sync_audience_age_seconds',
    help: 'Time since the audience was last brought up to date, or since a run first tried to.',
    labels: audience,
  },
  max_age: {
    name: 'segment_sync_audience_max_age_seconds',
    help: 'What `stale_after` allows, or what stands for it; absent where neither it nor a schedule says.',
    labels: ['job'],
  },
  drift: {
    name: 'segment_sync_audience_drift_members',
    help: "The platform's own count less ours when it was last read, where the platform counts exactly: above 0 others added members, below 0 members were lost.",
    labels: audience,
  },
  channel_failing: {
    name: 'segment_sync_alert_channel_failing',
    help: 'Whether a channel for alerts took nothing when last tried (1).',
    labels: ['job', 'channel'],
  },
  store_up: {
    name: 'segment_sync_store_up',
    help: 'Whether the store answers (1). While it does not, what is read from it stays as it was last known.',
    labels: [],
  },
  store_bytes: {
    name: 'segment_sync_store_size_bytes',
    help: 'What the tables of the store take on disk, compressed.',
    labels: [],
  },
  store_parts: {
    name: 'segment_sync_store_parts',
    help: 'Parts that the tables of the store consist of.',
    labels: [],
  },
  engine_memory: {
    name: 'segment_sync_engine_memory_bytes',
    help: 'Memory that the engine, or the whole ClickHouse server, has allocated.',
    labels: [],
  },
} as const satisfies Record<string, Definition>;

/** Every metric of our own, for the documentation. */
export function metricsTable(): string {
  const kinds: [string, Record<string, Definition>][] = [
    ['counter', COUNTERS],
    ['histogram', HISTOGRAMS],
    ['gauge', GAUGES],
  ];
  const rows = kinds.flatMap(([kind, definitions]) =>
    Object.values(definitions).map(({ name, help, labels }) => [
      `\`${name}\``,
      kind,
      labels.map((label) => `\`${label}\``).join(', '),
      escaped(help),
    ]),
  );
  return markdownTable(['metric', 'kind', 'labels', 'meaning'], rows);
}

function listed(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
