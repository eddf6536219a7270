import { once } from 'node:events';
import { SyncError } from '../../connectors/index.ts';
import { openAlerts } from '../daemon/alerts/alerts.ts';
import { startDaemon, type Daemon, type Outlook } from '../daemon/daemon.ts';
import { serveHealth } from '../daemon/health.ts';
import { jobFolder, type JobFolder } from '../daemon/job-folder.ts';
import { openMetrics } from '../daemon/metrics/metrics.ts';
import type { Engine } from '../engine/engine.ts';
import { lockDaemon } from '../run/lock.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { listening } from './listen.ts';

/** `start`: runs until SIGTERM or SIGINT; then the batch in flight is finished and recorded, and it leaves. */
export async function start(
  context: CommandContext,
  options: { port?: number; host: string },
): Promise<ExitCode> {
  const { env, secrets, log, state, settings } = context;
  const folder = jobFolder({ folder: context.jobs, env, secrets, log });
  await folder.look();
  if (!folder.jobs().some(({ schedule }) => schedule)) throw noSchedule(context.jobs, folder);
  // Processes that share a server divide the jobs among them; those of one directory would only be in each other's way.
  const unlock = settings.engine.url ? undefined : await lockDaemon(state);
  const engine = await context.engine();
  let daemon: Daemon | undefined;
  const troubles = async () => [
    ...(daemon?.troubles() ?? ['It is starting.']),
    ...(await engineTrouble(engine)),
  ];
  const outlook = () => daemon?.outlook() ?? new Map<string, Outlook>();
  const metrics = openMetrics({ engine, folder, settings, outlook, log });
  const { port, host } = options;
  const { token, parallel } = settings.daemon;
  const answers = { host, token, troubles, scrape: metrics.scrape };
  const health = port === undefined ? undefined : await listening(port, serveHealth({ port, ...answers }));
  const { retention } = settings;
  const alerts = openAlerts({ engine, state, settings, secrets, signal: context.signal, log });
  const { ended } = metrics;
  daemon = startDaemon({ engine, folder, state, log, parallel, alerts, retention, ended });
  if (context.json) context.print(JSON.stringify({ jobs: daemon.next(), port: health?.port ?? null }));
  log('started', { jobs: daemon.next(), ...(health ? { port: health.port } : {}) });
  if (!context.signal.aborted) await once(context.signal, 'abort');
  await daemon.stop();
  await health?.close();
  metrics.close();
  unlock?.();
  log('stopped');
  return EXIT.done;
}

function noSchedule(jobs: string, folder: JobFolder): SyncError {
  const [broken] = folder.broken();
  const none = folder.jobs().length === 0 && !broken;
  return new SyncError({
    code: 'CONFIG_NO_SCHEDULE',
    where: jobs,
    what: none ? 'There is no job file here.' : 'No usable job here has a schedule.',
    why: broken && `${broken.file} cannot be used; \`segment-sync check\` says why.`,
    fix: 'Write a job file with a `schedule`, or name the folder with --jobs.',
  });
}

async function engineTrouble(engine: Engine): Promise<string[]> {
  try {
    await engine.query('SELECT 1');
    return [];
  } catch {
    return ['The store does not answer.'];
  }
}
