import { once } from 'node:events';
import { SyncError } from '../../connectors/index.ts';
import { openAlerts } from '../daemon/alerts/alerts.ts';
import { startDaemon, type Daemon, type Outlook } from '../daemon/daemon.ts';
import { jobFolder, type JobFolder } from '../daemon/job-folder.ts';
import { openMetrics } from '../daemon/metrics/metrics.ts';
import type { Engine } from '../engine/engine.ts';
import { lockDaemon } from '../run/lock.ts';
import type { Health } from '../web/health.ts';
import type { Site } from '../web/site.ts';
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
  // With the page there is something to see and to click on, if nothing to wait for.
  const shows = options.port !== undefined && folder.jobs().length > 0;
  if (!shows && !folder.jobs().some(({ schedule }) => schedule)) throw noSchedule(context.jobs, folder);
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
  const { ended } = metrics;
  const site = { engine, folder, state, settings, secrets, ended, log, daemon: () => daemon };
  const web = await serve(site, { troubles, scrape: metrics.scrape }, options);
  const { retention } = settings;
  const alerts = openAlerts({ engine, state, settings, secrets, signal: context.signal, log });
  const { parallel } = settings.daemon;
  daemon = startDaemon({ engine, folder, state, log, parallel, alerts, retention, ended });
  if (context.json) context.print(JSON.stringify({ jobs: daemon.next(), port: web?.port ?? null }));
  log('started', {
    jobs: daemon.next(),
    ...(web ? { port: web.port, page: pageOf(options.host, web.port) } : {}),
  });
  if (!context.signal.aborted) await once(context.signal, 'abort');
  await daemon.stop();
  await web?.close();
  metrics.close();
  unlock?.();
  log('stopped');
  return EXIT.done;
}

/** Serves the page where a port is given. Its pictures take long to load, and nobody may want them. */
async function serve(
  site: Site,
  health: Health,
  { port, host }: { port?: number; host: string },
): Promise<{ port: number; close(): Promise<void> } | undefined> {
  if (port === undefined) return undefined;
  const { serveWeb } = await import('../web/server.ts');
  return listening(port, serveWeb({ port, host, site, health, access: site.settings.daemon }));
}

/** Where a browser on this machine finds the page. */
function pageOf(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/`;
}

function noSchedule(jobs: string, folder: JobFolder): SyncError {
  const [broken] = folder.broken();
  const none = folder.jobs().length === 0 && !broken;
  return new SyncError({
    code: 'CONFIG_NO_SCHEDULE',
    where: jobs,
    what: none ? 'There is no job file here.' : 'No usable job here has a schedule.',
    why: broken && `${broken.file} cannot be used; \`segment-sync check\` says why.`,
    fix: 'Write a job file with a `schedule`, or name the folder with --jobs; with --port one without does.',
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
