import { dirname, relative } from 'node:path';
import type { Job } from '../../job/load.ts';
import type { CommandContext } from '../command.ts';
import { fittedTable } from '../text.ts';
import type { Preview } from './preview.ts';
import type { Source } from './source.ts';

/**
 * A job file as it will be written, proved to be one: `secrets` says for each variable that it names what it is to hold,
 * `lists` is the folder of the lists, where there are any.
 */
export type Draft = { file: string; text: string; job: Job; secrets: Record<string, string>; lists?: string };

/** Which column is taken for what, and the first orders. */
export function previewText(
  { headings, rows, rejected, reason }: Preview,
  { columns, notes }: Source,
): string {
  const mapped = Object.entries(columns ?? {}).map(([field, column]) => [field, column]);
  return [
    ...(mapped.length > 0 ? [fittedTable(['field', 'column'], mapped)] : []),
    rows.length > 0
      ? `The first orders, as they would be read:\n${fittedTable(headings, rows)}`
      : 'No order could be read.',
    ...(rejected > 0
      ? [`note: ${rejected} of the first rows would be rejected, the first since ${reason}`]
      : []),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n\n');
}

/** What to type next. */
export function closing(context: CommandContext, { file, job, secrets, lists }: Draft): string {
  const command =
    context.env['npm_lifecycle_event'] === 'segment-sync' ? 'npm run -s segment-sync --' : 'segment-sync';
  const known = dirname(file) === context.jobs ? job.name : relative('.', file);
  const open = Object.entries(secrets).filter(([name]) => !context.env[name]);
  return [
    `Wrote ${relative('.', file)}.`,
    ...(open.length > 0
      ? [
          [
            'First set in the environment:',
            ...open.map(([name, what]) => `  ${name.padEnd(18)}  ${what}`),
          ].join('\n'),
        ]
      : []),
    [
      'Next:',
      `  ${command} check ${known}   whether everything is in place`,
      `  ${command} plan ${known}   who would go where; sends nothing`,
      `  ${command} run ${known}   ${lists ? `writes the lists into ${relative('.', lists)}` : 'sends it'}`,
    ].join('\n'),
  ].join('\n\n');
}
