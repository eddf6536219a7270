import { z } from 'zod';
import type { Path } from './problems.ts';

/** The part of JSON Schema that Zod writes for settings. `secret` is ours: the setting's meta. */
export type SchemaNode = {
  $schema?: string;
  type?: string | string[];
  description?: string;
  default?: unknown;
  secret?: boolean;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: SchemaNode | boolean;
  propertyNames?: SchemaNode;
  items?: SchemaNode | SchemaNode[];
  oneOf?: SchemaNode[];
  anyOf?: SchemaNode[];
  /** Zod writes a setting that holds itself, such as a rule, as one of the root's definitions. */
  definitions?: Record<string, SchemaNode>;
  allOf?: SchemaNode[];
  $ref?: string;
};

/** @returns the JSON Schema (draft 7) of what a file may hold, before defaults and conversions */
export function schemaOf(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-07', unrepresentable: 'any' }) as SchemaNode;
}

/**
 * @returns the schema that a value is held against: of several kinds, the one its `type` names, else the one that takes
 *   settings or a text as the value is
 */
function variantFor(node: SchemaNode, value: unknown): SchemaNode {
  const variants = node.oneOf ?? node.anyOf;
  if (!variants) return node;
  const kind = value && typeof value === 'object' ? (value as { type?: unknown }).type : undefined;
  const named = variants.find((variant) => kind !== undefined && variant.properties?.type?.const === kind);
  if (named || node.oneOf) return named ?? node;
  return variants.find(({ type }) => type === typeof value) ?? node;
}

/** @returns the schema itself where it only points to one of the root's definitions */
function resolved(root: SchemaNode, node: SchemaNode): SchemaNode {
  const reference = node.$ref ?? node.allOf?.[0]?.$ref;
  const target = reference && root.definitions?.[reference.split('/').at(-1)!];
  return target ? { ...target, ...(node.description ? { description: node.description } : {}) } : node;
}

/** @returns the schema of one setting, or undefined where there is no such setting */
export function nodeAt(root: SchemaNode, data: unknown, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  let value = data;
  for (const step of path) {
    if (!node) return undefined;
    node = childOf(variantFor(resolved(root, node), value), step);
    value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  }
  return node && variantFor(resolved(root, node), value);
}

function childOf(node: SchemaNode, step: string | number): SchemaNode | undefined {
  if (typeof step === 'number') return Array.isArray(node.items) ? node.items[step] : node.items;
  const rest = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  return Object.hasOwn(node.properties ?? {}, step) ? node.properties?.[step] : rest;
}

/** @returns the names that may stand in a mapping */
export function keysOf(node: SchemaNode | undefined): string[] {
  return Object.keys(node?.properties ?? {}).concat((node?.propertyNames?.enum ?? []).map(String));
}

/** @returns what a setting takes, in plain words: `text`, `one of once, skip, all`, `list of texts` */
export function typeText(node: SchemaNode): string {
  const options = (node.oneOf ?? node.anyOf)?.map(typeText);
  if (options) return [...new Set(options)].join(' or ');
  if (node.const !== undefined) return String(node.const);
  if (node.$ref ?? node.allOf) return WORDS.object!;
  if (node.enum) return choiceText(node.enum);
  if (Array.isArray(node.type)) return node.type.map((type) => WORDS[type] ?? type).join(' or ');
  if (Array.isArray(node.items)) return `list of ${node.items.length}, each ${typeText(node.items[0] ?? {})}`;
  if (node.type === 'array' && node.items) {
    const item = typeText(node.items);
    return item === 'text' ? 'list of texts' : `list of ${item}`;
  }
  if (node.type === 'object' && !node.properties && typeof node.additionalProperties === 'object')
    return `settings, each ${typeText(node.additionalProperties)}`;
  return WORDS[node.type ?? ''] ?? 'value';
}

/** @returns `one of once, skip, all`; what is not a word stands in quotes */
export function choiceText(choices: readonly unknown[]): string {
  const words = choices.map((choice) =>
    /^\w+$/.test(String(choice)) ? String(choice) : JSON.stringify(choice),
  );
  return words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
}

const WORDS: Record<string, string> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true or false',
  object: 'settings',
  array: 'list',
  null: 'nothing',
};

/** @returns the values of every setting marked secret, those written as `${…}` aside */
export function secretValues(node: SchemaNode | undefined, value: unknown): string[] {
  if (!node || value === undefined || value === null) return [];
  const variant = variantFor(node, value);
  if (node.secret || variant.secret)
    return typeof value === 'string' && value && !value.includes('${') ? [value] : [];
  if (typeof value !== 'object') return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => secretValues(childOf(variant, index), item));
  return Object.entries(value).flatMap(([key, item]) => secretValues(childOf(variant, key), item));
}
