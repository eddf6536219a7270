import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { metricsTable } from '../daemon/metrics/definitions.ts';
import { generated } from '../job/json-schema.ts';
import { conditionTable, fieldTable } from '../job/custom-docs.ts';
import { markdownTable, settingsTables } from '../job/docs.ts';
import { FIELDS } from '../job/fields.ts';
import { PLAYBOOK, type Play } from '../job/playbook.ts';
import { MODELS } from '../job/segments.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { columnsOf, PLAY_COLUMNS } from './export-columns.ts';

const README = 'README.md';

/**
 * `docs`: the generated parts of the documentation. `--write` puts them where they belong, `--check` fails where
 * they are stale.
 */
export async function docs(
  context: CommandContext,
  program: Command,
  options: { write?: boolean; check?: boolean },
): Promise<ExitCode> {
  const parts = {
    commands: commandTable(program),
    playbook: playbookTable(),
    conditions: conditionTable(),
    fields: fieldTable(),
    columns: columnTable(),
    metrics: metricsTable(),
    settings: settingsTables(),
  };
  if (!options.write && !options.check) {
    context.print(context.json ? JSON.stringify(parts, undefined, 2) : Object.values(parts).join('\n\n'));
    return EXIT.done;
  }
  const readme = await readFile(README, 'utf8');
  const files = [{ path: README, content: withParts(readme, parts) }, ...generated()];
  const stale: string[] = [];
  for (const { path, content } of files) {
    const present = await readFile(path, 'utf8').catch(() => '');
    if (present === content) continue;
    stale.push(path);
    if (options.write) await writeFile(path, content);
  }
  if (context.json) context.print(JSON.stringify({ stale, written: options.write ?? false }, undefined, 2));
  else if (stale.length === 0) context.print('Every generated part is fresh.');
  else context.print(`${options.write ? 'Written' : 'Stale'}: ${stale.join(', ')}`);
  return stale.length > 0 && !options.write ? EXIT.failed : EXIT.done;
}

/** Replaces what stands between `<!-- generated: name -->` and `<!-- end -->`. */
function withParts(text: string, parts: Record<string, string>): string {
  return text.replaceAll(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (whole, start: string, name: string, end: string) =>
      parts[name] === undefined ? whole : `${start}\n${parts[name]}\n\n${end}`,
  );
}

function columnTable(): string {
  const model = (name: string) =>
    name === 'custom'
      ? "The customer's custom segments, separated by commas, where the job has any."
      : `The customer's segment of ${name}, where the job computes it.`;
  const described: Record<string, { meaning: string }> = { ...FIELDS, ...PLAY_COLUMNS };
  const meaning = (column: string) => described[column]?.meaning ?? model(column);
  const rows = columnsOf([...Object.keys(MODELS), 'custom']).map((column) => [
    `\`${column}\``,
    meaning(column),
  ]);
  return markdownTable(['column', 'holds'], rows);
}

/** What to do about each built-in segment, the most urgent of a model first. */
function playbookTable(): string {
  const rows = Object.entries(PLAYBOOK).flatMap(([model, plays]) =>
    Object.entries<Play & { priority: number }>(plays)
      .toSorted(([, a], [, b]) => a.priority - b.priority)
      .map(([segment, { priority, meaning, email, ads, outreach }]) => [
        `\`${model}.${segment}\``,
        String(priority),
        meaning,
        email,
        ads,
        outreach,
      ]),
  );
  return markdownTable(
    ['segment', 'priority', 'who they are', 'by e-mail', 'in ads', 'person to person'],
    rows,
  );
}

function commandTable(program: Command): string {
  const shown = program.createHelp().visibleCommands(program);
  const rows = shown
    .filter((command) => command.name() !== 'help')
    .map((command) => {
      const { name, args, options } = describe(command);
      return [`\`${[name, ...args].join(' ')}\``, command.description(), options.join('<br>')];
    });
  return markdownTable(['command', 'does', 'options of its own'], rows);
}

/** Every command takes these; they are told once, in the README's text. */
const COMMON = new Set(['--json', '--state', '--jobs']);

function describe(command: Command): { name: string; args: string[]; options: string[] } {
  const args = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const options = command.options
    .filter((option) => !COMMON.has(option.long ?? ''))
    .map((option) => `\`${option.flags}\` ${option.description}`);
  return { name: command.name(), args, options };
}
