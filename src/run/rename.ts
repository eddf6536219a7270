import type { Destination, Problem } from '../../connectors/index.ts';
import { remember } from './find.ts';
import type { AudiencePlan } from './plan.ts';
import { asProblem } from './problem.ts';
import type { AudienceResult } from './push.ts';
import type { RunContext } from './run.ts';

/**
 * Gives an audience the name that the job file gives it now, where it still has the former one.
 * @param result its requests are counted
 * @returns why that was not possible; its members can be kept right under the former name
 */
export async function renameAudience(
  run: RunContext,
  connection: Destination,
  plan: AudiencePlan,
  result: AudienceResult,
): Promise<Problem | undefined> {
  const { renamed_from, remote_id, destination, name } = plan;
  if (renamed_from === undefined || remote_id === undefined || run.signal.aborted) return undefined;
  try {
    const { requests } = await connection.rename!({ remote_id }, name);
    result.requests += requests;
    await remember(run, destination, plan, remote_id);
    return undefined;
  } catch (error) {
    return asProblem(error, `${destination.name}, ${name}`);
  }
}
