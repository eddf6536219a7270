import { z } from 'zod';
import type { Api } from './api.ts';
import { problem, TooDear } from './failure.ts';
import {
  changedSince,
  CHILDREN,
  childrenQuery,
  pageQuery,
  TYPES,
  type Access,
  type Part,
} from './queries.ts';
import { NodePage } from './replies.ts';
import type { Raw } from './records.ts';

/**
 * Records of a page, and children that come with each. Shopify tells no formula of what a page costs that can be kept
 * to; one that is too dear is asked for again at half the size.
 */
const RECORDS = 100;
const CHILDREN_OF_EACH = 50;
/** Children of one record alone; Shopify's limit for any page. */
const MOST_CHILDREN = 250;

/** Yields the records that changed since, page by page, the longest unchanged first. */
export async function* changed(
  api: Api,
  part: Part,
  access: Access,
  since: string,
): AsyncGenerator<{ raws: Raw[]; denied: string[] }> {
  const query = changedSince(since);
  const operation = pageQuery(part, access);
  const reply = z.object({ [part]: NodePage }).transform((data) => data[part]!);
  let first = RECORDS;
  let children = CHILDREN_OF_EACH;
  let after: string | null | undefined = null;
  do {
    const nested = CHILDREN[part] ? { children } : {};
    let answer: Awaited<ReturnType<typeof api.ask<NodePage>>>;
    try {
      answer = await api.ask(operation, { first, after, query, ...nested }, reply);
    } catch (error) {
      if (!(error instanceof TooDear)) throw error;
      if (first === 1 && children === 1) throw tooDear(api.shop);
      first = Math.ceil(first / 2);
      children = Math.ceil(children / 2);
      continue;
    }
    const { nodes, pageInfo } = answer.data;
    const raws: Raw[] = [];
    for (const node of nodes) raws.push({ node, children: await childrenOf(api, part, access, node) });
    yield { raws, denied: answer.denied };
    after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
  } while (after !== undefined);
}

/** The children that came with a record, and those there was no room for. */
async function childrenOf(
  api: Api,
  part: Part,
  access: Access,
  node: NodePage['nodes'][number],
): Promise<unknown[]> {
  const own = CHILDREN[part];
  if (!own || part === 'customers') return [];
  const parsed = NodePage.safeParse(node[own.field]);
  // What is wrong with the list is wrong with the record.
  if (!parsed.success) return [undefined];
  const all: unknown[] = parsed.data.nodes;
  const operation = childrenQuery(part, access);
  const name = TYPES[part].toLowerCase();
  const reply = z
    .object({ [name]: z.object({ [own.field]: NodePage }).nullable() })
    .transform((data) => data[name]?.[own.field]);
  let page: NodePage | undefined = parsed.data;
  while (page?.pageInfo.hasNextPage) {
    const variables: Record<string, unknown> = {
      id: node.id,
      children: MOST_CHILDREN,
      after: page.pageInfo.endCursor,
    };
    page = (await api.ask(operation, variables, reply)).data;
    all.push(...(page?.nodes ?? []));
  }
  return all;
}

function tooDear(shop: string) {
  return problem(shop, {
    code: 'SOURCE_ANSWER',
    retry: 'never',
    what: 'Shopify finds a single record too dear to ask for.',
    fix: 'Report it: the queries of this program have to ask for less.',
  });
}
