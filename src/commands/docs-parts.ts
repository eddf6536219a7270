import type { Command } from 'commander';
import { metricsTable } from '../daemon/metrics/definitions.ts';
import { conditionTable, fieldTable } from '../job/custom-docs.ts';
import { markdownTable, settingsTables, type SettingsTable } from '../job/docs.ts';
import { FIELDS } from '../job/fields.ts';
import { PLAYBOOK, type Play } from '../job/playbook.ts';
import { MODELS } from '../job/segments.ts';
import { columnsOf, PLAY_COLUMNS } from '../run/export-columns.ts';

/** @returns every generated table, by the name that documents put it in under */
export function docsParts(program: Command): SettingsTable[] {
  return [
    { name: 'commands', heading: 'Commands', table: commandTable(program) },
    { name: 'playbook', heading: 'Playbook', table: playbookTable() },
    { name: 'conditions', heading: 'Conditions of a rule', table: conditionTable() },
    { name: 'fields', heading: 'Fields of the profile', table: fieldTable() },
    { name: 'columns', heading: 'Columns of `export`', table: columnTable() },
    { name: 'metrics', heading: 'Metrics', table: metricsTable() },
    ...settingsTables(),
  ];
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
