import type { Engine } from '../../engine/engine.ts';
import { isAllowedFunction } from './allowed-functions.ts';
import { parseTree, type TreeNode } from './syntax-tree.ts';

/** What the SQL of a segment reads; none of them is the name of a table of the store. */
const QUERY_TABLES = ['customer_profiles', 'customer_purchases', 'customer_segments'] as const;

/** SQL that a person wrote, found to read nothing but `QUERY_TABLES` and to change nothing. */
export type CheckedQuery = {
  /** As the engine's own parser writes it: one SELECT, without comments. */
  sql: string;
  /** Which of `QUERY_TABLES` it reads. */
  tables: readonly string[];
};

/**
 * Lets the engine parse the SQL of a segment, and goes through what it is made of. Only what is known to be harmless
 * passes: nothing is run here.
 * @returns the query, or what is wrong with it in a sentence
 * @throws ClickHouseError where it is no SQL
 */
export async function checkQuery(engine: Engine, text: string): Promise<CheckedQuery | { refused: string }> {
  const [formatted] = await engine.query<{ sql: string }>('SELECT formatQuery({text:String}) AS sql', {
    text,
  });
  const sql = formatted!.sql;
  const words = unquoted(sql);
  if (!/^[\s(]*(SELECT|WITH)\b/.test(words)) return { refused: 'It is no SELECT.' };
  const hidden = HIDING.exec(words);
  if (hidden) return { refused: `${hidden[0]} may not be used here.` };
  const odd = [...sql.matchAll(QUOTED)].find(([, name = 'x']) => !/^[\w .-]+$/.test(name));
  if (odd) return { refused: `The name ${odd[0]} may not be used here.` };
  // The parser wrote it, so its brackets close, and nothing after a SELECT (INTO OUTFILE, FORMAT) parses inside others.
  const lines = await engine.query<{ explain: string }>(
    `SELECT explain FROM (EXPLAIN AST SELECT * FROM (${sql}\n))`,
    { as_of: '2000-01-01' },
  );
  const tree = parseTree(lines.map(({ explain }) => explain));
  const existing = await engine.query<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  );
  const stranger = refusal(tree, new Set(existing.map(({ name }) => name)), words);
  return stranger
    ? { refused: stranger }
    : { sql, tables: QUERY_TABLES.filter((name) => new RegExp(`\\b${name}\\b`).test(sql)) };
}

/** Parts of a query that the tree does not show. */
const HIDING = /\b(OVER|WINDOW|APPLY|FILL|INTERPOLATE|SETTINGS|FORMAT|OUTFILE)\b/;

/** Texts and quoted names, as the parser writes them. */
const QUOTED = /'(?:[^'\\]|\\.)*'|`((?:[^`\\]|\\.)*)`/gs;

/** A statement without what stands in its texts; quoted names keep their letters. */
function unquoted(sql: string): string {
  return sql.replace(QUOTED, (_, name?: string) => name?.replaceAll(/\W/g, '_') ?? "''");
}

/** Nodes of the tree that only hold others, or values. */
const HARMLESS = new Set(
  `SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Subquery WithElement
  TablesInSelectQuery TablesInSelectQueryElement TableExpression TableJoin ArrayJoin OrderByElement
  Identifier Literal Asterisk QualifiedAsterisk ColumnsTransformerList ColumnsExceptTransformer`.split(/\s+/),
);

const MEMBERSHIP = /^(global)?(not)?(null)?in$/i;

/**
 * @param words the query as the parser writes it, without what stands in its texts
 * @returns what the query may not do, or undefined
 */
function refusal(root: TreeNode, existing: ReadonlySet<string>, words: string): string | undefined {
  const seen = { selects: 0, memberships: 0 };
  const visit = (node: TreeNode, parent?: TreeNode): string | undefined => {
    if (node.kind === 'SelectQuery') seen.selects += 1;
    if (node.kind === 'Function' && MEMBERSHIP.test(node.name)) seen.memberships += 1;
    const own = wrongNode(node, parent, existing);
    if (own) return own;
    for (const child of node.children) {
      const inner = visit(child, node);
      if (inner) return inner;
    }
    return undefined;
  };
  const found = visit(root);
  if (found) return found;
  const called = [...words.matchAll(/(\w+)\s*\(/g)].map(([, name]) => name!);
  const strange = called.find((name) => !KEYWORDS.has(name) && !isAllowedFunction(name));
  if (strange) return notAllowed(strange);
  // What the tree shows must be all that is written; the SELECT around the whole is not.
  const written = (word: string) => [...words.matchAll(new RegExp(`\\b${word}\\b`, 'g'))].length;
  const whole = seen.selects === written('SELECT') + 1 && seen.memberships === written('IN');
  return whole ? undefined : 'A part of it cannot be looked into.';
}

function wrongNode(
  node: TreeNode,
  parent: TreeNode | undefined,
  existing: ReadonlySet<string>,
): string | undefined {
  const { kind, name } = node;
  if (kind === 'TableIdentifier') return wrongTable(name, existing);
  if (kind === 'Function') {
    if (parent?.kind === 'TableExpression') return `It may not read from ${name}(…).`;
    if (!isAllowedFunction(name) && name !== 'lambda') return notAllowed(name);
    const [, list] = MEMBERSHIP.test(name) ? (node.children[0]?.children ?? []) : [];
    // A single name after IN may be a table.
    if (list?.kind === 'Identifier') return wrongTable(list.name, existing);
    return undefined;
  }
  return HARMLESS.has(kind) ? undefined : `${kind} may not be used here.`;
}

/** Names that are no table of the store are those of the query's own parts, or nothing at all. */
function wrongTable(name: string, existing: ReadonlySet<string>): string | undefined {
  if (name === 'system.one') return undefined;
  const known = /^\w+$/.test(name) && !existing.has(name);
  return known ? undefined : `It may read ${QUERY_TABLES.join(', ')}, but not ${name}.`;
}

function notAllowed(name: string): string {
  return `The function ${name} may not be used here.`;
}

/** Words that may stand before a bracket without being a function. */
const KEYWORDS = new Set(
  `SELECT FROM WHERE AND OR NOT IN AS ON USING BY HAVING JOIN THEN WITH ALL DISTINCT EXCEPT INTERSECT UNION LIMIT
  OFFSET LIKE ILIKE BETWEEN ELSE WHEN CASE IS EXISTS ANY GROUPING SETS CUBE ROLLUP INTERVAL END`.split(/\s+/),
);
