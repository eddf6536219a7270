import { once } from 'node:events';
import { SyncError } from '../../connectors/index.ts';
import { startDaemon } from '../daemon/daemon.ts';
import { serveHealth } from '../daemon/health.ts';
import { jobFiles, loadJob, type Job } from '../job/load.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';

/** `start`: runs until SIGTERM or SIGINT; then the batch in flight is finished and recorded, and it leaves. */
export async function start(
  context: CommandContext,
  options: { port?: number; host: string },
): Promise<ExitCode> {
  const jobs = await loadJobs(context);
  const engine = await context.engine();
  const daemon = await startDaemon(jobs, { engine, state: context.state, log: context.log });
  const health =
    options.port === undefined
      ? undefined
      : await serveHealth({ port: options.port, host: options.host }, () => engineProblem(engine));
  context.log('started', { jobs: daemon.next(), ...(health ? { port: health.port } : {}) });
  if (!context.signal.aborted) await once(context.signal, 'abort');
  await daemon.stop();
  await health?.close();
  context.log('stopped');
  return EXIT.done;
}

async function loadJobs(context: CommandContext): Promise<Job[]> {
  const files = await jobFiles(context.jobs);
  const jobs = await Promise.all(files.map((file) => loadJob(file, context)));
  if (jobs.some(({ schedule }) => schedule)) return jobs;
  throw new SyncError({
    code: 'CONFIG_NO_SCHEDULE',
    where: context.jobs,
    what: files.length === 0 ? 'There is no job file here.' : 'No job here has a schedule.',
    fix: 'Write a job file with a `schedule`, or name the folder with --jobs.',
  });
}

async function engineProblem(
  engine: Awaited<ReturnType<CommandContext['engine']>>,
): Promise<string | undefined> {
  try {
    await engine.query('SELECT 1');
    return undefined;
  } catch {
    return 'The store does not answer.';
  }
}
