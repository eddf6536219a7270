import { z } from 'zod';
import { destinations, sources } from '../../connectors/index.ts';
import { jobFile, type Connectors } from './job-file.ts';
import type { SchemaNode } from './schema-node.ts';

/** Rules for a text that `${NAME}` stands in for, which are for its value. */
const TEXT_RULES = ['pattern', 'format', 'minLength', 'maxLength'] as const;
const REFERENCE = '\\$\\{[^}]+\\}';

/** @returns the JSON Schema (draft 7) of a job file, for completion and checks in an editor */
export function jobSchema(connectors: Connectors = { sources, destinations }): SchemaNode {
  const schema = z.toJSONSchema(jobFile(connectors), {
    io: 'input',
    target: 'draft-07',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => allowReference(jsonSchema as Record<string, unknown>),
  });
  return { ...schema, title: 'Job of segment-sync' } as SchemaNode;
}

/** @returns the files that are generated from the schemas, with what they are to hold */
export function generated(): { path: string; content: string }[] {
  return [{ path: 'config/job.schema.json', content: formatted(jobSchema()) }];
}

function allowReference(node: Record<string, unknown>): void {
  const rules = TEXT_RULES.filter((rule) => rule in node);
  if (node.type !== 'string' || rules.length === 0) return;
  node.anyOf = [{ pattern: REFERENCE }, Object.fromEntries(rules.map((rule) => [rule, node[rule]]))];
  for (const rule of rules) delete node[rule];
}

const LINE = 110;

/** JSON as the formatter of this project writes it: lists of plain values on one line where they fit. */
function formatted(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(
    /^(.*)\[\n([^[\]{}]*?)\n\s*\](,?)$/gm,
    (whole, before: string, items: string, comma: string) => {
      const line = `${before}[${items.trim().replace(/,\n\s*/g, ', ')}]${comma}`;
      return line.length <= LINE ? line : whole;
    },
  )}\n`;
}
