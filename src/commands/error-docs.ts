import { closest } from 'fastest-levenshtein';
import { ERROR_CATALOGUE, ERRORS, SyncError, type ErrorCode } from '../../connectors/index.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from './command.ts';

/**
 * `docs CODE`: what an error's code means, what leads to it, and what to do.
 * @throws SyncError `ARGUMENT_WRONG` where there is no such code
 */
export function errorDocs(context: CommandContext, asked: string): ExitCode {
  const code = asked.trim().toUpperCase();
  if (!isCode(code)) {
    const fix = `Did you mean ${closest(code, Object.keys(ERRORS))}? config/ERRORS.md lists them all.`;
    throw new SyncError({ code: 'ARGUMENT_WRONG', what: `There is no error "${asked}".`, fix });
  }
  const { meaning, causes, cure } = ERRORS[code];
  const exit_code = exitCodeOf(code);
  const told = [
    code,
    `  ${meaning}`,
    '  Causes:',
    ...causes.map((cause) => `    - ${cause}`),
    `  Cure: ${cure}`,
  ];
  context.print(
    context.json
      ? JSON.stringify({ code, meaning, causes, cure, exit_code }, undefined, 2)
      : [...told, `  Exit code: ${exit_code}`].join('\n'),
  );
  return EXIT.done;
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

const INTRODUCTION = `# Errors

Generated from [\`connectors/errors\`](../connectors/errors) by \`segment-sync docs --write\`; \`segment-sync docs CODE\` prints one
entry. On the terminal, in reports, alerts and the log an error has a code, the place it is about, what happened, why
where that is known, and what to do; with \`--json\` these are \`code\`, \`where\`, \`what\`, \`why\` and \`fix\`. A command that ends
with an error of exit code 2 can be mended by whoever wrote the job file or the command; exit code 1 is everything
else. Nothing in an error is secret or personal.`;

/** @returns the document of every code, by what it is about */
export function errorsDocument(): string {
  const parts = Object.entries(ERROR_CATALOGUE).flatMap(([title, codes]) => [
    `## ${title}`,
    ...Object.keys(codes)
      .toSorted()
      .map((code) => section(code as ErrorCode)),
  ]);
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`;
}

function section(code: ErrorCode): string {
  const { meaning, causes, cure } = ERRORS[code];
  return [
    `### ${code}`,
    `${meaning} Exit code ${exitCodeOf(code)}.`,
    causes.map((cause) => `- ${cause}`).join('\n'),
    `**Cure:** ${cure}`,
  ].join('\n\n');
}
