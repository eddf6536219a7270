import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exchange } from '../../connectors/sandbox-server.ts';

type Field = { name: string; type: string; required?: boolean };
type Call = { method: string; endpoint?: string; name?: string; return: string; params: Field[] };
type Node = { apis: Call[]; fields: Field[] };

const SPECS = join(import.meta.dirname, '../../../shared/platforms/specs/meta');

/** In every Graph API request, hence in no list: token, field choice, paging, method override, the SDK's own id. */
const EVERYWHERE = new Set(['access_token', 'fields', 'limit', 'after', 'method', 'id']);

/** `GET /debug_token`, which belongs to no node of the Marketing API; from the Graph API reference. */
const DEBUG_TOKEN: Call & { fields: Field[] } = {
  method: 'GET',
  return: 'debug_token',
  params: [{ name: 'input_token', type: 'string', required: true }],
  fields: [
    { name: 'app_id', type: 'string' },
    { name: 'application', type: 'string' },
    { name: 'data_access_expires_at', type: 'int' },
    { name: 'expires_at', type: 'int' },
    { name: 'is_valid', type: 'bool' },
    { name: 'scopes', type: 'list<string>' },
    { name: 'type', type: 'string' },
    { name: 'user_id', type: 'string' },
  ],
};

/** The description calls these objects; what is in them stands in the guides (`platforms/meta.md`). */
const COLUMNS =
  'EXTERN_ID EMAIL PHONE GEN DOBY DOBM DOBD FN LN FI CT ST ZIP COUNTRY MADID LOOKALIKE_VALUE'.split(' ');
const LOOKALIKE: Field[] = [
  { name: 'type', type: 'string' },
  { name: 'ratio', type: 'float' },
  { name: 'starting_ratio', type: 'float' },
  { name: 'country', type: 'string' },
  { name: 'location_spec', type: 'Object' },
  { name: 'allow_international_seeds', type: 'bool' },
];
const SESSION: Field[] = [
  { name: 'session_id', type: 'unsigned int' },
  { name: 'batch_seq', type: 'unsigned int' },
  { name: 'last_batch_flag', type: 'bool' },
  { name: 'estimated_num_total', type: 'unsigned int' },
];

/** What adding and removing members answers; the description has no name for it. */
const COUNTS: Field[] = [
  { name: 'audience_id', type: 'string' },
  { name: 'session_id', type: 'string' },
  { name: 'num_received', type: 'int' },
  { name: 'num_invalid_entries', type: 'int' },
  { name: 'invalid_entry_samples', type: 'map' },
];

/**
 * Loads Meta's own API description and checks exchanges against it: parameters, reply fields, and their types.
 *
 * @returns undefined where the folder beside the repository is absent (a plain clone), so that a suite can skip
 */
export function metaSpec(): { check(exchange: Exchange): string[] } | undefined {
  if (!existsSync(SPECS)) return undefined;
  const load = (name: string) => JSON.parse(readFileSync(join(SPECS, `${name}.json`), 'utf8')) as unknown;
  const enums = load('enum_types.trimmed') as { name: string; values: string[] }[];
  const valuesOf = new Map(enums.map(({ name, values }) => [name, values]));
  const nodes = new Map<string, Node | undefined>();
  const node = (name: string) => {
    const file = name === 'AdAccount' ? 'AdAccount.trimmed' : name;
    if (!nodes.has(name)) {
      nodes.set(name, existsSync(join(SPECS, `${file}.json`)) ? (load(file) as Node) : undefined);
    }
    return nodes.get(name);
  };

  function fits(value: unknown, type: string): boolean {
    const list = /^list(<(.+)>)?$/.exec(type);
    if (list) return Array.isArray(value) && value.every((item) => !list[2] || fits(item, list[2]));
    if (type === 'string' || type === 'datetime') return typeof value === 'string';
    if (type === 'bool') return typeof value === 'boolean';
    if (type === 'float') return typeof value === 'number';
    if (type === 'int') return Number.isInteger(value);
    if (type === 'unsigned int') return Number.isInteger(value) && Number(value) >= 0;
    const values = valuesOf.get(type);
    if (values) return values.includes(String(value));
    if (typeof value !== 'object' || value === null) return false;
    return misfits(value, node(type)?.fields).length === 0;
  }

  /** Names of fields that are unknown or of the wrong type; anything goes where nothing is described. */
  function misfits(value: object, fields: readonly Field[] | undefined): string[] {
    if (!fields) return [];
    const known = new Map(fields.map(({ name, type }) => [name, type]));
    return Object.entries(value).flatMap(([name, item]) => {
      const type = known.get(name);
      if (type === undefined) return [`${name} is not described`];
      return item === undefined || fits(item, type) ? [] : [`${name} is not of type ${type}`];
    });
  }

  /** An update answers with the node or, as the guides show, with its success alone. */
  function answerOf(call: Call, edge?: string): readonly Field[] | undefined {
    if (edge?.startsWith('users')) return COUNTS;
    const fields = node(call.return)?.fields;
    return call.name === '#update' ? [...(fields ?? []), { name: 'success', type: 'bool' }] : fields;
  }

  /** What is wrong inside a parameter that the description leaves open. */
  function insideOf({ payload, session, lookalike_spec }: Record<string, unknown>): string[] {
    const problems: string[] = [];
    if (session) problems.push(...misfits(session, SESSION));
    if (typeof lookalike_spec === 'object') problems.push('lookalike_spec is not a text');
    if (typeof lookalike_spec === 'string') problems.push(...misfits(JSON.parse(lookalike_spec), LOOKALIKE));
    if (!payload) return problems;
    const { schema, data, ...rest } = payload as { schema?: string[]; data?: unknown[][] };
    problems.push(...Object.keys(rest).map((name) => `payload.${name} is not described`));
    if (!schema?.every((column) => COLUMNS.includes(column))) problems.push('a column is not described');
    if (!data || data.length === 0 || data.length > 10_000) problems.push('not 1 to 10,000 rows');
    if (data?.some((row) => row.length !== schema?.length)) problems.push('a row does not fit the schema');
    return problems;
  }

  function check({ request, reply }: Exchange): string[] {
    const [, id = '', edge] = request.path.split('/');
    const owner = id.startsWith('act_') ? 'AdAccount' : 'CustomAudience';
    const debug = id === 'debug_token' ? DEBUG_TOKEN : undefined;
    const body = (request.body ?? {}) as Record<string, unknown>;
    const method = typeof body.method === 'string' ? body.method : request.method;
    const plain = { GET: '#get', POST: '#update', DELETE: '#delete' }[method];
    const described = node(owner)?.apis.find(
      (api) => api.method === method && (edge ? api.endpoint === edge : api.name === plain),
    );
    const call = debug ?? described;
    const route = `${method} ${request.path}`;
    if (!call) return [`${route}: not described`];

    const given = { ...fromQuery(request.query), ...body };
    const params = Object.fromEntries(Object.entries(given).filter(([name]) => !EVERYWHERE.has(name)));
    const absent = call.params.filter(({ name, required }) => required && !(name in params));
    const asked = request.query.get('fields')?.split(',') ?? [];
    const shown = new Set(node(call.return)?.fields.map(({ name }) => name));
    const problems = [
      ...absent.map(({ name }) => `${name} is required`),
      ...misfits(params, call.params),
      ...asked.filter((field) => !shown.has(field)).map((field) => `field ${field} is not described`),
      ...insideOf(given),
    ];
    if (reply.status === 200) {
      const answered = reply.body as { data?: object | object[] };
      const fields = debug?.fields ?? answerOf(call, edge);
      for (const item of [answered.data ?? answered].flat()) problems.push(...misfits(item, fields));
    }
    return problems.map((problem) => `${route}: ${problem}`);
  }

  return { check };
}

/** Lists and objects travel as JSON text in a query. */
function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const parse = (text: string): unknown => (/^[[{]/.test(text) ? JSON.parse(text) : text);
  return Object.fromEntries([...query].map(([name, text]) => [name, parse(text)]));
}
