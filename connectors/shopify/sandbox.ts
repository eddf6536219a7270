import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { bulkOperations } from './sandbox-bulk.ts';
import { execute, type Graph } from './sandbox-execute.ts';
import { GraphSyntaxError, parseDocument, type Document } from './sandbox-graphql.ts';
import { sandboxShop, type SandboxShop } from './sandbox-shop.ts';
import { sandboxTokens, type Grants } from './sandbox-tokens.ts';
import { costOf, mistakes, type Variables } from './sandbox-validate.ts';

/** The versions of the Admin API there are; an older one is answered by the oldest of them. */
const VERSIONS = ['2026-01', '2026-04', '2026-07', '2026-10'];
const MAX_COST = 1_000;
/** Points of the smaller plans: how many there can be, and how many come back a second. */
const BUCKET = { maximumAvailable: 2_000, restoreRate: 100 };
const SIXTY_DAYS_MS = 60 * 86_400_000;

export type ShopifySandbox = SandboxPlatform &
  SandboxShop & {
    /** What the app was granted; tests take away. */
    grants: Grants;
    bulk: ReturnType<typeof bulkOperations>;
    /** Points that are taken out of the bucket by others. */
    drain(points: number): void;
    /** Tokens that were given out end at once. */
    endTokens(): void;
    /** The version that answers, whatever was asked. */
    answerAs(version: string): void;
  };

/** An imitation of the part of Shopify's Admin API (2026-10) that this source reads, for one shop without anything in it. */
export function shopifySandbox(options: SandboxOptions): ShopifySandbox {
  const now = options.now ?? Date.now;
  const shop = sandboxShop(now);
  const tokens = sandboxTokens(now);
  const bucket = { available: BUCKET.maximumAvailable, at: now() };
  let answered: string | undefined;
  const bulk = bulkOperations({
    now,
    answer: (document) => execute('QueryRoot', document.fields, {}, resolver('')),
  });

  function handle(request: SandboxRequest): SandboxReply {
    if (request.path === '/oauth/access_token') return tokens.grant(request);
    const [, number] = /^\/_bulk\/(\d+)\.jsonl$/.exec(request.path) ?? [];
    if (number) return fileReply(bulk.file(Number(number)));
    const [, version] = /^\/api\/([^/]+)\/graphql\.json$/.exec(request.path) ?? [];
    if (!version || request.method !== 'POST') return { status: 404, body: { errors: 'Not Found' } };
    if (!tokens.knows(request.headers['x-shopify-access-token'])) {
      const errors = '[API] Invalid API key or access token (unrecognized login or wrong password)';
      return { status: 401, body: { errors } };
    }
    const headers = {
      'x-shopify-api-version': answered ?? (VERSIONS.includes(version) ? version : VERSIONS[0]!),
    };
    return { status: 200, headers, body: graphql(request) };
  }

  function graphql({ body, headers }: SandboxRequest): unknown {
    const { query = '', variables = {} } = body as { query?: string; variables?: Variables };
    let document: Document;
    try {
      document = parseDocument(query);
    } catch (error) {
      if (error instanceof GraphSyntaxError) return { errors: [{ message: error.message }] };
      throw error;
    }
    const [mistake] = mistakes(document, variables);
    if (mistake) return { errors: [{ message: mistake, extensions: { code: 'undefinedField' } }] };
    const requestedQueryCost = costOf(document, variables);
    if (requestedQueryCost > MAX_COST) {
      const message = `Query cost is ${requestedQueryCost}, which exceeds the single query max cost limit (${MAX_COST}).`;
      return {
        errors: [
          { message, extensions: { code: 'MAX_COST_EXCEEDED', cost: requestedQueryCost, maxCost: MAX_COST } },
        ],
      };
    }
    const isThrottled = options.rates !== false && !spend(requestedQueryCost);
    const throttleStatus = { ...BUCKET, currentlyAvailable: Math.floor(bucket.available) };
    const cost = {
      requestedQueryCost,
      actualQueryCost: isThrottled ? null : requestedQueryCost,
      throttleStatus,
    };
    if (isThrottled) {
      return { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }], extensions: { cost } };
    }
    const type = document.kind === 'mutation' ? 'Mutation' : 'QueryRoot';
    const { data, errors } = execute(
      type,
      document.fields,
      variables,
      resolver(`http://${headers.host ?? ''}`),
    );
    return { data, ...(errors.length > 0 ? { errors } : {}), extensions: { cost } };
  }

  function spend(points: number): boolean {
    refill();
    if (points > bucket.available) return false;
    bucket.available -= points;
    return true;
  }

  function refill(): void {
    const more = ((now() - bucket.at) / 1000) * BUCKET.restoreRate;
    bucket.available = Math.min(BUCKET.maximumAvailable, bucket.available + more);
    bucket.at = now();
  }

  const resolver = (origin: string) => ({
    denied: tokens.denied,
    root(name: string, args: Variables): unknown {
      switch (name) {
        case 'shop':
          return {
            name: 'Sandbox',
            currencyCode: 'EUR',
            plan: { publicDisplayName: 'Grow' },
            myshopifyDomain: 'sandbox.myshopify.com',
          };
        case 'currentAppInstallation':
          return { accessScopes: [...tokens.grants.scopes].map((handle) => ({ handle })) };
        case 'orders':
        case 'customers':
        case 'products':
          return found(name, args.query);
        case 'ordersCount':
        case 'customersCount':
        case 'productsCount': {
          const { length } = found(name.replace('Count', '') as 'orders', args.query);
          return { count: Math.min(length, Number(args.limit ?? 10_000)) };
        }
        case 'order':
        case 'product':
          return shop[`${name}s`].get(Number(/\d+$/.exec(String(args.id))?.[0]));
        case 'bulkOperation':
          return bulk.look(String(args.id), origin);
        default:
          return bulk.run(String(args.query));
      }
    },
  });

  /** What a search finds, the longest unchanged first; without `read_all_orders` only the orders of 60 days. */
  function found(part: 'orders' | 'customers' | 'products', query: unknown): Graph[] {
    const [, since] = /^updated_at:>='([^']+)'$/.exec(String(query ?? '')) ?? [];
    const from = since ? Date.parse(since) : -Infinity;
    const oldest =
      part === 'orders' && !tokens.grants.scopes.has('read_all_orders') ? now() - SIXTY_DAYS_MS : -Infinity;
    return [...shop[part].values()]
      .filter((node) => Date.parse(String(node.updatedAt)) >= from)
      .filter((node) => oldest === -Infinity || Date.parse(String(node.createdAt)) >= oldest)
      .toSorted((a, b) => order(a) - order(b) || number(a) - number(b));
  }

  return {
    name: 'shopify',
    prefix: '/admin',
    handle,
    ...shop,
    grants: tokens.grants,
    bulk,
    drain: (points) => (refill(), void (bucket.available = Math.max(0, bucket.available - points))),
    endTokens: tokens.end,
    answerAs: (version) => void (answered = version),
    state: () => ({
      orders: shop.orders.size,
      customers: shop.customers.size,
      products: shop.products.size,
      bulk_operations: bulk.begun(),
    }),
  };
}

function order({ updatedAt }: Graph): number {
  return Date.parse(String(updatedAt));
}

function number({ id }: Graph): number {
  return Number(/\d+$/.exec(String(id))?.[0]);
}

function fileReply(text: string | undefined): SandboxReply {
  if (text === undefined)
    return { status: 404, text: '<Error><Code>NoSuchKey</Code></Error>', content_type: 'application/xml' };
  return { status: 200, text, content_type: 'application/jsonl' };
}
