import { RuleSettings } from './custom-rules.ts';
import { escaped, markdownTable } from './docs.ts';
import { FIELDS, type Field } from './fields.ts';
import { OPERATORS, operatorsOf, type AskedType } from './operators.ts';
import { schemaOf, typeText, type SchemaNode } from './schema-node.ts';

/** What the columns of extra.name hold, and what is read out of them. */
const EXTRA: Omit<Field, 'type'> = {
  meaning:
    'What a source carries beside: a text; asked as a number, a list or a day where it can be read so, else it is unknown. Numbers have a point, days are YYYY-MM-DD.',
};

/** @returns Markdown: every field that a rule may ask about, its type and what may be asked of it */
export function fieldTable(): string {
  const fields: [string, AskedType, string][] = [
    ...Object.entries(FIELDS).map(
      ([name, { type, meaning }]) => [name, type, meaning] as [string, AskedType, string],
    ),
    ['extra.name', 'extra', EXTRA.meaning],
  ];
  const rows = fields.map(([name, type, meaning]) => [
    `\`${name}\``,
    TYPES[type],
    operatorsOf(type)
      .map((operator) => `\`${operator}\``)
      .join(' '),
    escaped(meaning),
  ]);
  return markdownTable(['field', 'type', 'what may be asked', 'meaning'], rows);
}

const TYPES: Record<AskedType, string> = {
  text: 'text',
  texts: 'list of texts',
  consent: 'yes, no, pending or unknown',
  number: 'number',
  money: 'money',
  share: 'share, 0 to 1',
  date: 'day',
  extra: 'text',
};

/** @returns Markdown: everything that may stand in a rule */
export function conditionTable(): string {
  const root = schemaOf(RuleSettings);
  const rule = root.definitions?.[root.$ref?.split('/').at(-1) ?? ''] ?? root;
  return markdownTable(['in a rule', 'takes', 'meaning'], rowsOf(rule, ''));
}

function rowsOf(node: SchemaNode, prefix: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, setting]) => {
    const meaning = setting.description ?? '';
    const row = [`\`${prefix}${key}\``, takes(setting), meaning].map(escaped);
    const operator = prefix === '' && Object.hasOwn(OPERATORS, key);
    return [operator ? [`with \`field\`: ${row[0]}`, ...row.slice(1)] : row, ...rowsOf(setting, `${key}.`)];
  });
}

function takes(setting: SchemaNode): string {
  const rules = setting.type === 'array' && !Array.isArray(setting.items) && setting.items?.$ref;
  if (rules) return 'list of rules';
  return setting.$ref || setting.allOf ? 'rule' : typeText(setting);
}
