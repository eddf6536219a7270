import type { Field, Value } from './sandbox-graphql.ts';
import { fieldOf } from './sandbox-schema.ts';
import type { Variables } from './sandbox-validate.ts';

export type Graph = { [field: string]: unknown };

export type GraphProblem = { message: string; path: (string | number)[]; extensions: { code: string } };

/** What execution needs to know of the shop. */
export type Resolver = {
  /** The value of a root field. */
  root(name: string, args: Variables): unknown;
  /** Why a field may not be read by this app, or undefined. */
  denied(type: string, field: string): string | undefined;
};

/** Answers a selection over plain data: a field of an object is its property, a connection an array. */
export function execute(
  type: string,
  fields: readonly Field[],
  variables: Variables,
  resolver: Resolver,
): { data: Graph | null; errors: GraphProblem[] } {
  const errors: GraphProblem[] = [];
  const data: Graph = {};
  let isRefused = false;
  for (const field of fields) {
    const why = resolver.denied(type, field.name);
    if (why) {
      errors.push({ message: why, path: [field.name], extensions: { code: 'ACCESS_DENIED' } });
      isRefused = true;
      continue;
    }
    const args = argsOf(field.args, variables);
    data[field.name] = value(type, field, resolver.root(field.name, args), [field.name]);
  }
  return { data: isRefused ? null : data, errors };

  function value(parent: string, field: Field, held: unknown, path: (string | number)[]): unknown {
    const { type: of, nodes } = fieldOf(parent, field.name)!;
    if (nodes) return connection(nodes, field, held as Graph[], path);
    if (Array.isArray(held) && field.fields.length > 0) {
      return held.map((one, index) => object(of, field.fields, one as Graph, [...path, index]));
    }
    if (held === null || held === undefined) return null;
    return field.fields.length > 0 ? object(of, field.fields, held as Graph, path) : held;
  }

  function object(of: string, asked: readonly Field[], held: Graph, path: (string | number)[]): Graph {
    const answer: Graph = {};
    for (const field of asked) {
      const at = [...path, field.name];
      const why = resolver.denied(of, field.name);
      if (why) errors.push({ message: why, path: at, extensions: { code: 'ACCESS_DENIED' } });
      answer[field.name] = why ? null : value(of, field, held[field.name], at);
    }
    return answer;
  }

  function connection(nodes: string, field: Field, held: readonly Graph[], path: (string | number)[]): Graph {
    const { first, after } = argsOf(field.args, variables) as { first?: number; after?: string | null };
    const from = after ? placeAfter(held, Buffer.from(after, 'base64').toString()) : 0;
    const some = held.slice(from, from + (first ?? held.length));
    const answer: Graph = {};
    for (const { name, fields: inner } of field.fields) {
      if (name === 'nodes')
        answer.nodes = some.map((one, at) => object(nodes, inner, one, [...path, 'nodes', at]));
      if (name === 'edges') {
        const asked = inner.find((one) => one.name === 'node')?.fields ?? [];
        answer.edges = some.map((one, at) => ({
          node: object(nodes, asked, one, [...path, 'edges', at, 'node']),
        }));
      }
      if (name === 'pageInfo') {
        const end = from + some.length;
        answer.pageInfo = {
          hasNextPage: end < held.length,
          endCursor: some.length > 0 ? Buffer.from(placeOf(some.at(-1)!)).toString('base64') : null,
        };
      }
    }
    return answer;
  }
}

/** A cursor is a place in the order of `updatedAt` and id, so that a record that changes meanwhile does not move it. */
function placeOf({ updatedAt = '', id = '' }: Graph): string {
  return `${String(updatedAt)} ${String(id).replace(/\d+$/, (number) => number.padStart(20, '0'))}`;
}

function placeAfter(held: readonly Graph[], place: string): number {
  if (held[0]?.updatedAt === undefined) return held.findIndex((one) => placeOf(one) === place) + 1;
  const next = held.findIndex((one) => placeOf(one) > place);
  return next === -1 ? held.length : next;
}

function argsOf(args: Record<string, Value>, variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(args).map(([name, given]) => [
      name,
      typeof given === 'object' && given ? variables[given.variable] : given,
    ]),
  );
}
