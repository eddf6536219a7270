import { channelText } from '../../daemon/alerts/channel-states.ts';
import { sendTest } from '../../daemon/alerts/test-message.ts';
import { jobFiles, loadJob, type Job } from '../../job/load.ts';
import { withFoundAudiences } from '../../run/audiences.ts';
import { JobFileError } from '../../job/problems.ts';
import { newRun } from '../../run/new-run.ts';
import { openDestination, openSource } from '../../run/open.ts';
import { rememberedOf } from '../../run/remembered.ts';
import { checkSqlFile } from '../../run/sql-segments.ts';
import type { Destination } from '../../../connectors/index.ts';
import { auditFacts } from '../audit.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from '../command.ts';
import { found, findingText, look, sumText, wrong, type Finding, type Warning } from './finding.ts';
import { checkMachine } from './machine.ts';
import { checkPast } from './past.ts';

type CheckOptions = { offline: boolean; alerts: boolean; audit: boolean };

/**
 * `check [JOB]`: what everything stands on (runtime, engine, store, settings), job files, sources, schedule and last run,
 * the data that it found, credentials and permissions. Sends nothing, but a test message through every alert channel
 * where that is asked for. Warnings do not change the exit code.
 */
export async function check(
  context: CommandContext,
  reference: string | undefined,
  options: CheckOptions,
): Promise<ExitCode> {
  const findings = await checkMachine(context);
  if (options.audit)
    findings.push(await look('dependencies', async () => ({ facts: await auditFacts(context.signal) })));
  const files = reference ? [reference] : await jobFiles(context.jobs);
  for (const file of files) findings.push(...(await checkJob(context, file, options)));
  if (files.length === 0) findings.push(found(context.jobs, { facts: ['no job files here'] }));
  const left = options.offline ? ['Destinations were not looked at (--offline).'] : [];
  const text = [...findings.map(findingText), '', sumText(findings), ...left].join('\n');
  context.print(context.json ? JSON.stringify(findings, undefined, 2) : text);
  const problems = findings.flatMap(({ problem }) => problem ?? []);
  return problems.reduce<ExitCode>(
    (worst, { code }) => Math.max(worst, exitCodeOf(code)) as ExitCode,
    EXIT.done,
  );
}

async function checkJob(context: CommandContext, file: string, options: CheckOptions): Promise<Finding[]> {
  let job: Job;
  try {
    job = await loadJob(file, context);
  } catch (error) {
    if (!(error instanceof JobFileError)) throw error;
    return error.problems.map((problem) => wrong(file, problem));
  }
  const alerts = channelText(job.alerts ?? context.settings.alerts);
  const findings = [found(`job ${job.name}`, { facts: [`${job.file} can be used`, alerts] })];
  const run = { job, cut: context.signal, log: context.log };
  for (const source of job.sources) {
    findings.push(
      await look(`source ${source.definition.type}`, async () => {
        const { signal, log } = context;
        const opened = await openSource({ job, engine: await context.engine(), signal, log }, source);
        return { facts: await opened.check() };
      }),
    );
  }
  for (const file of job.sql_files) {
    findings.push(
      await look(`segment custom.${file.name}`, async () => {
        const engine = await context.engine();
        const { signal, log } = context;
        await checkSqlFile(await newRun(engine, job, { signal, cut: signal, log }), file);
        return { facts: [file.comment] };
      }),
    );
  }
  if (options.alerts) findings.push(...(await testAlerts(context, job)));
  findings.push(...(await checkPast(context, job)));
  if (options.offline) return findings;
  for (const destination of job.destinations) {
    findings.push(
      await look(`destination ${destination.name}`, async () => {
        const connection = await openDestination(run, destination);
        const facts = await connection.check();
        const warnings = await expiry(connection);
        return {
          facts: [...facts, ...(await audienceFacts(context, job, destination.name, connection))],
          warnings,
        };
      }),
    );
  }
  return findings;
}

/** Sends a test message through every alert channel of a job. */
async function testAlerts(context: CommandContext, job: Job): Promise<Finding[]> {
  const engine = await context.engine();
  const channels = job.alerts ?? context.settings.alerts;
  return Promise.all(
    channels.map(async (channel) => {
      const subject = `alerts ${channel.name}`;
      const problem = await sendTest(engine, channel, job.name, context);
      return problem ? wrong(subject, problem) : found(subject, { facts: ['a test message was taken'] });
    }),
  );
}

/** Says so before credentials stop working, where the platform tells when. */
async function expiry(connection: Destination): Promise<Warning[]> {
  const expires_at = await connection.expiresAt?.();
  if (!expires_at || Date.parse(expires_at) - Date.now() > SOON_MS) return [];
  return [
    {
      what: `its token works until ${expires_at}`,
      fix: 'Make a new one in time, or one that does not expire.',
    },
  ];
}

/** As long before as alerts tell of it. */
const SOON_MS = 7 * 86_400_000;

/** Whether each audience of a destination exists there. */
async function audienceFacts(
  context: CommandContext,
  job: Job,
  name: string,
  connection: Destination,
): Promise<string[]> {
  const engine = await context.engine();
  const { destinations } = await withFoundAudiences(engine, job);
  const destination = destinations.find((one) => one.name === name)!;
  const { known, renames } = await rememberedOf(engine, job.name, destinations, destination);
  const { audiences, definition } = destination;
  const refs = audiences.map(({ name }) => ({ name, remote_id: known.get(name)?.remote_id }));
  const there = await connection.find([...refs, ...renames.values()]);
  return audiences.map(({ name }) => {
    const audience = `${definition.audience_word} "${name}"`;
    if (there.has(name)) return `${audience} is there`;
    const former = renames.get(name);
    if (former && there.has(former.name) && connection.rename)
      return `${audience} is there as "${former.name}": the next run renames it`;
    return `${audience} is not there yet: the first run with members for it makes it`;
  });
}
