import type { ErrorEntry } from './entry.ts';

/** What can be wrong with runs, the store and the program itself. */
export const PROGRAM_ERRORS = {
  ALERT_REFUSED: {
    meaning: 'A channel for alerts answered, and did not take the message.',
    causes: [
      'Its address or credentials are out of date.',
      'The mail server wants a login, or refuses sender or recipients.',
      'It has trouble of its own (429, 5xx).',
    ],
    cure: 'Correct `url`, `headers` or `smtp` of the channel, then `segment-sync check JOB --alerts`. It is tried again by itself.',
  },
  ALERT_UNREACHABLE: {
    meaning: 'A channel for alerts cannot be reached.',
    causes: [
      'Its address is wrong, or it is down.',
      'Its certificate is not good.',
      'It takes longer than `timeout`.',
    ],
    cure: 'See whether this machine reaches it, then `segment-sync check JOB --alerts`. It is tried again by itself.',
  },
  APPROVE_NOTHING_HELD: {
    meaning: 'No plan of the job waits for `approve`.',
    causes: ['The last run was not held.', 'The plan was approved already, or a later run took its place.'],
    cure: '`segment-sync status` shows the last run; `segment-sync run` makes a new plan.',
  },
  APPROVE_PLAN_CHANGED: {
    meaning: 'The plan is not what was held any more, so nothing was sent.',
    causes: [
      'The job file was changed.',
      'Somebody was erased.',
      'An audience was made, renamed or deleted at the platform.',
    ],
    cure: 'Run the job again: it makes a new plan, which is held again if it is as large.',
  },
  AUDIT_NOT_POSSIBLE: {
    meaning: 'What is known against the packages could not be asked of npm.',
    causes: ['There is no npm here, as in the image.', 'No way to the registry.'],
    cure: 'Run `segment-sync check --audit` where the program is built.',
  },
  BACKTEST_NO_MODEL: {
    meaning: 'The lifecycle of the job goes by recency, which forecasts nothing that could be tested.',
    causes: ['`segments.lifecycle.model` says so.'],
    cure: 'Set it to `mbg_nbd`, or leave it out.',
  },
  BACKTEST_NO_ORDERS: {
    meaning: 'Nothing was bought in the part of the history that is held out.',
    causes: ['The records end before it; exports are often older than today.'],
    cure: 'Name the last day that the sources know of with `--as-of`.',
  },
  BACKTEST_TOO_SMALL: {
    meaning: 'The history before the holdout is too small for a model.',
    causes: ['Fewer than 100 customers or 30 repeat buyers, or a short history.'],
    cure: 'Leave more to the model with a shorter `--holdout`, or wait for more orders.',
  },
  DAEMON_RUNNING: {
    meaning: 'A daemon keeps this store already.',
    causes: ['`start` runs as a service, in a container or in another terminal.'],
    cure: 'Leave it to that one, which reads job files anew by itself, or stop it first. Several need a ClickHouse server (`engine.url`).',
  },
  DEPENDENCIES_VULNERABLE: {
    meaning: 'Weaknesses are known of packages that the program runs with.',
    causes: ['They were published since this version was built.'],
    cure: 'Update segment-sync, or do what the error names for each package.',
  },
  ENGINE_DAMAGED: {
    meaning: 'Pieces of the store could not be read and were set aside.',
    causes: ['The disk was full.', 'The power went off.'],
    cure: 'Read the sources again with `segment-sync run JOB --full --reconcile`.',
  },
  ENGINE_CLUSTER: {
    meaning:
      'The ClickHouse server is not of the cluster that `engine.cluster` names, or does not know which part of it it is.',
    causes: [
      'A slip in its name.',
      'The server has no such cluster in `remote_servers`.',
      'It has no macros `shard` and `replica`, by which replicated tables are named.',
    ],
    cure: 'Correct `engine.cluster`, or the configuration of the servers; `engine.replicated: false` where each shard is one server.',
  },
  ENGINE_DATABASE: {
    meaning: 'The database that `engine.database` names is not on the ClickHouse server.',
    causes: [
      'Nobody has made it yet: the program makes its tables, and not the database.',
      'A slip in its name.',
    ],
    cure: 'Make it with the `CREATE DATABASE` that the error tells, or correct `engine.database`.',
  },
  ENGINE_ERROR: {
    meaning: 'The engine refused a statement of this program.',
    causes: ['The disk is full.', 'A fault of this program.'],
    cure: 'Run again, with more disk where its words say so; if it stays, report it with the log of the run.',
  },
  ENGINE_IN_USE: {
    meaning: 'Another process holds the store, and does not answer from here.',
    causes: ['It runs in a container or on another machine that shares the directory.'],
    cure: 'Run the command where that process runs, end that process, or name another `--state`.',
  },
  ENGINE_KEY_REFUSED: {
    meaning: 'The ClickHouse server does not let the user of `engine.user` in.',
    causes: [
      'The password or the certificate is wrong, or has been changed.',
      'The user may not come from this machine.',
    ],
    cure: 'Correct `engine.user` and `engine.password`, or `engine.cert` and `engine.key`.',
  },
  ENGINE_LOST: {
    meaning: 'The engine ended, or the ClickHouse server stopped answering, during a statement.',
    causes: [
      'The system killed it for want of memory.',
      'It crashed: `engine.log` in the state directory may say why.',
      'The server or the network is down.',
    ],
    cure: 'The engine is started again by itself, a server is waited for, and a run repeats what it was at. If it recurs, lower `engine.max_memory` or give the machine more; of a server see whether it runs.',
  },
  ENGINE_MEMORY: {
    meaning: 'The engine may take less memory than a statement needs.',
    causes: [
      'The shop has grown: what can be put on disk while it is computed was, and the rest does not fit.',
      'Several jobs, or other programs on a server, compute at once.',
    ],
    cure: 'Raise `engine.max_memory`, or of a server the limit of its user; run fewer jobs at once with `daemon.parallel`.',
  },
  ENGINE_MEMORY_INVALID: {
    meaning: '`engine.max_memory` is no amount of memory.',
    causes: ['A unit is missing or unknown.'],
    cure: 'Write a number of bytes, or for example `4GiB` or `500MB`.',
  },
  ENGINE_PATH_INVALID: {
    meaning: 'The state directory cannot be used.',
    causes: ['This user may not write there.', 'Its path holds one of `* ? { }`.'],
    cure: 'Name a directory on a local disk that this user may write to, with `--state` or SEGMENT_SYNC_STATE.',
  },
  ENGINE_PERMISSION: {
    meaning: 'The user of the ClickHouse server may not do what the program does.',
    causes: [
      'A right on the database is missing.',
      'The profile of the user has `readonly` or constraints on settings.',
    ],
    cure: 'Grant what the error names; OPERATING.md has the statements for a user from the beginning.',
  },
  ENGINE_SOCKET_UNSAFE: {
    meaning: "The directory for the engine's socket belongs to somebody else, or is open to others.",
    causes: [
      'Somebody made it first; it is used where the path of the state directory is too long for a socket.',
    ],
    cure: 'Remove it, or choose a state directory with a shorter path.',
  },
  ENGINE_START_FAILED: {
    meaning: 'The engine process did not start.',
    causes: ['Too little memory.', 'The system has no glibc (Alpine).', 'The store is of a newer version.'],
    cure: 'The log that the error names says why.',
  },
  ENGINE_TLS: {
    meaning: 'No connection with TLS that can be trusted comes about with the ClickHouse server.',
    causes: [
      'Its certificate is from an authority of your own.',
      'It is for another host, or no longer valid.',
      'Only one of the two sides speaks TLS.',
      'The server asks for a certificate of ours.',
    ],
    cure: 'Set `engine.ca` to the certificate of the authority, and `engine.cert` and `engine.key` where the server asks; else correct scheme, host and port in `engine.url`.',
  },
  ERASE_INCOMPLETE: {
    meaning: 'A platform did not take the person out.',
    causes: ['It was down, or refused.'],
    cure: 'Run the same `erase` again; what is done already stays done.',
  },
  INIT_STOPPED: {
    meaning: 'Somebody left `init` before its last question.',
    causes: ['Ctrl-C or Escape at a question.'],
    cure: 'Nothing was written; start again any time.',
  },
  INTERNAL: {
    meaning: 'Something happened that nobody foresaw.',
    causes: ['A fault of this program.'],
    cure: 'Run again; if it stays, report it with the log of the run. Its words are left out because they might hold personal data.',
  },
  JOB_DONE: {
    meaning: 'Another process has seen to the scheduled time.',
    causes: ['Several daemons share a store.'],
    cure: 'Nothing to do; `segment-sync status` shows its run.',
  },
  JOB_RUNNING: {
    meaning: 'The job is running already.',
    causes: ['The daemon or another command started it.'],
    cure: 'Wait until it has ended; `segment-sync status` shows it.',
  },
  PUSH_INCOMPLETE: {
    meaning: 'Some members were neither taken nor refused.',
    causes: ['The platform failed or throttled in the middle of a push.'],
    cure: 'Nothing to do: the next run offers them again.',
  },
  RUN_INTERRUPTED: {
    meaning: 'The run was asked to stop; what was acknowledged is recorded.',
    causes: ['SIGTERM, Ctrl-C, or the service was stopped.'],
    cure: 'Nothing to do: the next run sends only what is missing.',
  },
  RUN_KILLED: {
    meaning: 'The run ended without a word, and was found so later.',
    causes: ['The process was killed, or the machine went off.'],
    cure: 'Nothing to do: the next run goes on where it was. If it recurs, look for want of memory.',
  },
} as const satisfies Record<string, ErrorEntry>;
