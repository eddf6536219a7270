import { jobSchema } from '../job/json-schema.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';

/** `schema`: the JSON Schema of a job file, for editors. */
export async function schema(context: CommandContext): Promise<ExitCode> {
  context.print(JSON.stringify(jobSchema(), undefined, 2), true);
  return EXIT.done;
}
