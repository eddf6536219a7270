import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';

/** One request and its answer. `path` is the full one, or the one after a Swagger base path. */
type CheckedExchange = {
  method: string;
  path: string;
  query: URLSearchParams;
  status: number;
  request?: unknown;
  reply?: unknown;
};

type Node = Record<string, unknown>;
type Parameter = Node & { name: string; in: string; required?: boolean; schema?: Node };
type Body = { required?: boolean; schema?: Node };

const SPECS = join(import.meta.dirname, '../../../shared/platforms/specs');

type OpenApi = {
  /** What the description finds wrong with an exchange. */
  check(exchange: CheckedExchange): string[];
  /** What it says of an operation, whatever ids stand in the path. */
  operation(method: string, path: string): Node | undefined;
};

/**
 * Loads a platform's official description (Swagger 2.0 or OpenAPI 3.0) and checks exchanges against it.
 *
 * @param file name in the folder of descriptions, which lies beside the repository
 * @returns undefined where that folder is absent (a plain clone), so that a suite can skip itself
 */
export function openApi(file: string): OpenApi | undefined {
  if (!existsSync(join(SPECS, file))) return undefined;
  const spec = normalise(JSON.parse(readFileSync(join(SPECS, file), 'utf8'))) as Node;
  const bodies = compiler(spec, false);
  const values = compiler(spec, true);
  const basePath = typeof spec.basePath === 'string' ? spec.basePath : '';

  function check(exchange: CheckedExchange): string[] {
    const path = exchange.path.startsWith(`${basePath}/`)
      ? exchange.path.slice(basePath.length)
      : exchange.path;
    const item = findPath(spec.paths as Record<string, Node>, path);
    const operation = operationOf(exchange.method, path);
    const place = `${exchange.method} ${path}`;
    if (!item || !operation) return [`${place}: the platform describes no such operation`];
    const parameters = [item.parameters, operation.parameters]
      .flatMap((list) => (list ?? []) as Node[])
      .map((parameter) => resolve(spec, parameter) as Parameter);
    return [
      ...checkQuery(parameters, exchange.query),
      ...checkBody('request', requestBody(spec, operation, parameters), exchange.request),
      ...checkReply(operation.responses as Node, exchange),
    ].map((error) => `${place}: ${error}`);
  }

  function operationOf(method: string, path: string): Node | undefined {
    return findPath(spec.paths as Record<string, Node>, path)?.[method.toLowerCase()] as Node | undefined;
  }

  function checkQuery(parameters: Parameter[], query: URLSearchParams): string[] {
    const known = parameters.filter((parameter) => parameter.in === 'query');
    const unknown = [...query.keys()].filter((name) => !known.some((parameter) => parameter.name === name));
    return [
      ...unknown.map((name) => `query ${name} is not described`),
      ...known.flatMap((parameter) => {
        if (!query.has(parameter.name))
          return parameter.required ? [`query ${parameter.name} is missing`] : [];
        const schema = parameter.schema ?? parameter;
        const all = query.getAll(parameter.name);
        const value = schema.type === 'array' ? all.flatMap((text) => text.split(',')) : all[0];
        return values(`query ${parameter.name}`, valueSchema(schema), { value });
      }),
    ];
  }

  function checkReply(responses: Node, exchange: CheckedExchange): string[] {
    const status = String(exchange.status);
    const response = responses[status] ?? responses[`${status[0]}XX`] ?? responses.default;
    if (!response) return [`status ${status} is not described`];
    const { schema, content } = resolve(spec, response as Node) as { schema?: Node; content?: Node };
    const expected = schema ?? jsonSchema(content);
    return checkBody(
      `reply ${status}`,
      { schema: expected, required: expected !== undefined },
      exchange.reply,
    );
  }

  function checkBody(what: string, body: Body, value: unknown): string[] {
    if (value === undefined) return body.required ? [`${what} has no body`] : [];
    if (!body.schema) return [`${what} has a body where none is described`];
    return bodies(what, body.schema, value);
  }

  return { check, operation: operationOf };
}

/**
 * Makes JSON Schema of OpenAPI's dialect: `nullable` becomes a choice, and references become absolute, so that any
 * part of the document can be compiled alone.
 */
function normalise(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(normalise);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [key, `spec${value}`] : [key, normalise(value)],
  );
  const { nullable, ...rest } = Object.fromEntries(entries) as Node;
  if (nullable === true) return { anyOf: [{ type: 'null' }, rest] };
  return nullable === undefined ? rest : { ...rest, nullable };
}

/** A validator of anything against any schema of the document; query values arrive as text and are coerced. */
function compiler(spec: Node, coerce: boolean): (what: string, schema: Node, value: unknown) => string[] {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    validateSchema: false,
    coerceTypes: coerce,
    logger: false,
  });
  formats.default(ajv);
  ajv.addSchema(spec, 'spec');
  return (what, schema, value) => {
    const validate = ajv.compile(schema);
    const copy: unknown = coerce ? structuredClone(value) : value;
    return validate(copy) ? [] : (validate.errors ?? []).map((error) => `${what}${describe(error)}`);
  };
}

function describe(error: ErrorObject): string {
  const allowed = error.keyword === 'enum' ? ` (${JSON.stringify(error.params.allowedValues)})` : '';
  return `${error.instancePath} ${error.message}${allowed}`;
}

const VALUE_SCHEMAS = new WeakMap<Node, Node>();

/** Coercion needs a place to write to, so a parameter's value is checked as the one property of an object. */
function valueSchema(schema: Node): Node {
  const { required: _required, name: _name, in: _in, ...rest } = schema;
  const wrapped = VALUE_SCHEMAS.get(schema) ?? { properties: { value: rest } };
  VALUE_SCHEMAS.set(schema, wrapped);
  return wrapped;
}

/** Follows a reference to another part of the document. */
function resolve(spec: Node, node: Node): Node {
  if (typeof node.$ref !== 'string') return node;
  const steps = node.$ref.slice('spec#/'.length).split('/');
  return steps.reduce<Node>((at, step) => at[step.replaceAll('~1', '/').replaceAll('~0', '~')] as Node, spec);
}

function requestBody(spec: Node, operation: Node, parameters: Parameter[]): Body {
  const inBody = parameters.find((parameter) => parameter.in === 'body');
  if (inBody || !operation.requestBody) return inBody ?? {};
  const { required, content } = resolve(spec, operation.requestBody as Node) as {
    required?: boolean;
    content?: Node;
  };
  return { required, schema: jsonSchema(content) };
}

/** Each description has one schema for all of an operation's media types. */
function jsonSchema(content: Node | undefined): Node | undefined {
  const [media] = Object.values(content ?? {}) as { schema?: Node }[];
  return media?.schema;
}

/** Of several templates that fit, the one with the fewest variables is meant. */
function findPath(paths: Record<string, Node>, path: string): Node | undefined {
  const [template] = Object.keys(paths)
    .filter((candidate) => new RegExp(`^${candidate.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
    .toSorted((a, b) => a.split('{').length - b.split('{').length);
  return template === undefined ? undefined : paths[template];
}
