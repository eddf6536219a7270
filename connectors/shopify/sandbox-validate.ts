import type { Document, Field } from './sandbox-graphql.ts';
import { fieldOf, isNode, isObject } from './sandbox-schema.ts';

export type Variables = Record<string, unknown>;

/** @returns what is wrong with a document, in Shopify's words or nearly so */
export function mistakes(document: Document, variables: Variables): string[] {
  const found: string[] = [];
  for (const [name, type] of Object.entries(document.variables)) {
    const given = variables[name];
    if (given === undefined || given === null) {
      if (type.endsWith('!')) found.push(`Variable $${name} of type ${type} was provided invalid value`);
    } else if (!fits(given, type.replace('!', ''))) {
      found.push(`Variable $${name} of type ${type} was provided invalid value`);
    }
  }
  for (const name of Object.keys(variables)) {
    if (!(name in document.variables)) found.push(`Variable $${name} is not defined`);
  }
  look(document.kind === 'mutation' ? 'Mutation' : 'QueryRoot', document.fields);
  return found;

  function look(type: string, fields: readonly Field[]): void {
    for (const { name, args, fields: inner } of fields) {
      const field = fieldOf(type, name);
      if (!field) {
        found.push(`Field '${name}' doesn't exist on type '${type}'`);
        continue;
      }
      for (const [arg, value] of Object.entries(args)) {
        const wanted = field.args[arg];
        if (!wanted) found.push(`Field '${name}' doesn't accept argument '${arg}'`);
        else if (typeof value === 'object' && value && !(value.variable in document.variables)) {
          found.push(`Variable $${value.variable} is used but not declared`);
        }
      }
      for (const [arg, wanted] of Object.entries(field.args)) {
        if (wanted.endsWith('!') && !(arg in args))
          found.push(`Field '${name}' is missing required argument: ${arg}`);
      }
      if (isObject(field.type) !== inner.length > 0) {
        found.push(`Field '${name}' must have ${inner.length > 0 ? 'no' : 'a'} selection of subfields`);
      }
      look(field.type, inner);
    }
  }
}

function fits(value: unknown, type: string): boolean {
  if (type === 'Int') return Number.isInteger(value);
  return type === 'Boolean' ? typeof value === 'boolean' : typeof value === 'string';
}

/** The rules for the query of a bulk operation (bulk operations guide, 2026-01 and later). */
export function bulkMistake(document: Document): string | undefined {
  if (document.kind !== 'query' || document.fields.length !== 1)
    return 'Invalid bulk query: one root field is needed';
  let connections = 0;
  let deepest = 0;
  let problem: string | undefined;
  const look = (type: string, fields: readonly Field[], depth: number, inList: boolean): void => {
    for (const { name, fields: inner } of fields) {
      const field = fieldOf(type, name);
      if (!field) continue;
      if (field.nodes) {
        connections += 1;
        deepest = Math.max(deepest, depth + 1);
        if (inList)
          problem ??=
            'Queries that contain a connection field within a list field are not currently supported.';
        if (!isNode(field.nodes)) problem ??= `The connection '${name}' doesn't implement the Node interface`;
        if (!inner.every((one) => one.name === 'edges')) problem ??= `Ask the connection '${name}' for edges`;
      }
      const isPlainList = field.isList && name !== 'edges';
      look(field.type, inner, depth + (field.nodes ? 1 : 0), inList || isPlainList);
    }
  };
  look('QueryRoot', document.fields, 0, false);
  if (connections === 0) return 'The query has to contain at least one connection field.';
  if (connections > 5) return 'Queries must have at most 5 connection fields.';
  return deepest > 3 ? 'Queries can have at most 2 levels of nested connections.' : problem;
}

/** Lists of the sandbox cost the logarithm of their length: nearer to what was seen of Shopify than a product. */
const sized = (first: number): number => Math.ceil(Math.log2(first + 1));

/**
 * Points that a document is held to cost: 1 for an object, 0 for a scalar, 10 for a mutation (rate limits page of
 * Shopify). How the length of lists counts is not published.
 */
export function costOf(document: Document, variables: Variables): number {
  if (document.kind === 'mutation') return 10;
  const look = (type: string, fields: readonly Field[]): number =>
    fields.reduce((total, { name, args, fields: inner }) => {
      const field = fieldOf(type, name);
      if (!field || inner.length === 0 || /^(MoneyBag|MoneyV2)$/.test(field.type)) return total;
      const within = look(field.type, inner);
      if (!field.nodes)
        return (
          total + (field.type.endsWith('Edge') || name === 'nodes' || name === 'pageInfo' ? 0 : 1) + within
        );
      const first =
        typeof args.first === 'object' && args.first ? variables[args.first.variable] : args.first;
      return total + sized(Number(first ?? 0)) * (1 + within);
    }, 0);
  return Math.max(1, look('QueryRoot', document.fields));
}
