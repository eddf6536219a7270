/** The part of GraphQL's grammar that the sandbox understands: one operation, without fragments, aliases or directives. */

export type Value = string | number | boolean | null | { variable: string };
export type Field = { name: string; args: Record<string, Value>; fields: Field[] };
export type Document = {
  kind: 'query' | 'mutation';
  name: string | undefined;
  /** Types of the variables by name; `!` behind those that must be given. */
  variables: Record<string, string>;
  fields: Field[];
};

export class GraphSyntaxError extends Error {}

const TOKEN = /[\s,]*(?:([_A-Za-z]\w*)|(-?\d+)|("(?:[^"\\]|\\.)*")|([{}()[\]:!$=]))/y;

/** @throws GraphSyntaxError where the text is none of it */
export function parseDocument(text: string): Document {
  let at = 0;
  let token = next();

  function next(): string {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) {
      if (text.slice(at).trim() === '') return '';
      throw new GraphSyntaxError(`Parse error at ${at}`);
    }
    at = TOKEN.lastIndex;
    return match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
  }

  function take(wanted?: string): string {
    const taken = token;
    if (wanted === undefined ? !/^[_A-Za-z]\w*$/.test(taken) : taken !== wanted) {
      throw new GraphSyntaxError(`Expected ${wanted ?? 'a name'}, got ${taken || 'the end'}`);
    }
    token = next();
    return taken;
  }

  function skip(wanted: string): boolean {
    if (token !== wanted) return false;
    token = next();
    return true;
  }

  function value(): Value {
    if (skip('$')) return { variable: take() };
    const taken = token;
    token = next();
    if (/^[-\d"]/.test(taken)) return JSON.parse(taken) as Value;
    if (taken === 'true' || taken === 'false') return taken === 'true';
    if (taken === 'null') return null;
    if (/^[_A-Za-z]/.test(taken)) return taken;
    throw new GraphSyntaxError(`Expected a value, got ${taken || 'the end'}`);
  }

  function args(): Record<string, Value> {
    const given: Record<string, Value> = {};
    if (!skip('(')) return given;
    while (!skip(')')) {
      const name = take();
      take(':');
      given[name] = value();
    }
    return given;
  }

  function selection(): Field[] {
    const fields: Field[] = [];
    take('{');
    while (!skip('}')) {
      const name = take();
      fields.push({ name, args: args(), fields: token === '{' ? selection() : [] });
    }
    return fields;
  }

  function variables(): Record<string, string> {
    const types: Record<string, string> = {};
    if (!skip('(')) return types;
    while (!skip(')')) {
      take('$');
      const name = take();
      take(':');
      const type = take();
      types[name] = skip('!') ? `${type}!` : type;
    }
    return types;
  }

  const isNamed = token === 'query' || token === 'mutation';
  const kind = isNamed ? (take() as 'query' | 'mutation') : 'query';
  const name = isNamed && token !== '{' && token !== '(' ? take() : undefined;
  const document = { kind, name, variables: variables(), fields: selection() };
  if (token !== '') throw new GraphSyntaxError(`Expected the end, got ${token}`);
  return document;
}
