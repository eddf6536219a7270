import { SyncError } from '../../connectors/index.ts';
import { loadJob } from '../job/load.ts';
import { withFoundAudiences } from '../run/audiences.ts';
import { explainCustomer } from '../run/explain.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { explanationText } from './explain-text.ts';

/** `explain JOB EMAIL`, or `--id ID`: what the last run knew of one customer, and why they are where they are. */
export async function explain(
  context: CommandContext,
  reference: string,
  { email, id }: { email?: string; id?: string },
): Promise<ExitCode> {
  if ((email === undefined) === (id === undefined)) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: 'One customer is explained at a time.',
      fix: 'Name them by an e-mail address or, after --id, by their customer_id as export shows it.',
    });
  }
  const written = await loadJob(reference, context);
  const engine = await context.engine();
  const job = await withFoundAudiences(engine, written);
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: `The job ${job.name} has not run yet.`,
      fix: `Run it first: segment-sync plan ${job.name} sends nothing.`,
    });
  }
  const wanted = email === undefined ? { customer_id: id! } : { email };
  const explanation = await explainCustomer(engine, job, last, wanted);
  context.print(context.json ? JSON.stringify(explanation, undefined, 2) : explanationText(explanation));
  return EXIT.done;
}
