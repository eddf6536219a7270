import { destinations, sources } from '../../connectors/index.ts';
import { ALERT_TYPES } from './alert-settings.ts';
import { jobFile } from './job-file.ts';
import { schemaOf, typeText, type SchemaNode } from './schema-node.ts';
import { SegmentSettings } from './segment-settings.ts';
import { SettingsFile } from './settings.ts';

/** A table of settings, by the name that stands in the documents where it belongs. */
export type SettingsTable = { name: string; heading: string; table: string };

/** @returns Markdown tables of settings for the job file, its segments, each connector, and the program */
export function settingsTables(): SettingsTable[] {
  const job = schemaOf(jobFile({ sources, destinations }));
  const { segments: _, ...top } = job.properties ?? {};
  const kinds = (list: string, one: string, titles: Readonly<Record<string, string>>) =>
    Object.entries(titles).map(([type, title]) =>
      tableOf(`${one.toLowerCase()}_${type}`, `${one} \`${type}\`: ${title}`, variant(job, list, type)),
    );
  return [
    tableOf('job', 'Job file', { ...job, properties: top }),
    tableOf('segments', '`segments`', schemaOf(SegmentSettings)),
    ...kinds('sources', 'Source', titlesOf(sources)),
    ...kinds('destinations', 'Destination', titlesOf(destinations)),
    ...kinds('alerts', 'Alerts', ALERT_TYPES),
    tableOf('settings', '`config/settings.yaml`', schemaOf(SettingsFile)),
  ];
}

function titlesOf(connectors: Readonly<Record<string, { title: string }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(connectors).map(([type, { title }]) => [type, title]));
}

function variant(job: SchemaNode, list: string, type: string): SchemaNode {
  const entry = job.properties?.[list]?.items as SchemaNode;
  const found = entry.oneOf!.find((option) => option.properties?.type?.const === type)!;
  const { type: kind, ...rest } = found.properties!;
  return { ...found, properties: { type: kind!, ...rest } };
}

function tableOf(name: string, heading: string, node: SchemaNode): SettingsTable {
  const table = markdownTable(['setting', 'type', 'default', 'meaning'], rows(node, ''));
  return { name, heading, table };
}

/** @returns a Markdown table as the formatter of this project writes it */
export function markdownTable(headings: readonly string[], cells: readonly (readonly string[])[]): string {
  const lines = [headings, ...cells];
  const widths = headings.map((_, column) => Math.max(...lines.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(headings), rule, ...cells.map(line)].join('\n');
}

/** Settings inside settings follow their parent; connectors, which are lists of kinds, have sections of their own. */
function rows(node: SchemaNode, prefix: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, setting]) => {
    const row = [
      `\`${prefix}${key}\``,
      setting.secret ? `${typeText(setting)}, secret` : typeText(setting),
      defaultText(setting, node.required?.includes(key) ?? false),
      setting.description ?? '',
    ];
    const item = setting.type === 'array' && !Array.isArray(setting.items) ? setting.items : undefined;
    const inside = item
      ? rows(item, `${prefix}${key}[].`)
      : [setting, ...(setting.anyOf ?? [])].flatMap((node) => rows(node, `${prefix}${key}.`));
    return [row.map(escaped), ...inside];
  });
}

/** Signs that Markdown would take for its own, outside of code. */
export function escaped(cell: string): string {
  return cell
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/[*<]/g, '\\$&')))
    .join('')
    .replaceAll('|', '\\|');
}

function defaultText(setting: SchemaNode, required: boolean): string {
  if (required) return 'required';
  if (setting.default === undefined || typeof setting.default === 'object') return '';
  return setting.default === '' ? 'empty' : `\`${String(setting.default)}\``;
}
