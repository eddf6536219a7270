import { z } from 'zod';
import { SyncError, type ErrorCode } from '../error.ts';
import { problem } from './failure.ts';
import type { Graph } from './graph.ts';
import { API_VERSION } from './schema.ts';
import { keyRefused, notActive, notPermitted, termsMissing } from './verdict.ts';

const Account = z.object({
  account_id: z.string(),
  name: z.string(),
  account_status: z.number().optional(),
  user_tasks: z.array(z.string()).optional(),
  tos_accepted: z.record(z.string(), z.number()).optional(),
});

/** Seconds since 1970; 0 where a token does not expire. */
const Token = z.object({
  data: z.object({
    is_valid: z.boolean(),
    expires_at: z.number().default(0),
    data_access_expires_at: z.number().default(0),
    scopes: z.array(z.string()).optional(),
  }),
});

/** States of an ad account that takes no changes; the others (active, in grace period) do. */
const CLOSED: Readonly<Record<number, string>> = {
  2: 'disabled',
  3: 'blocked for unpaid bills',
  7: 'under review by Meta',
  8: 'waiting for its bills to be settled',
  100: 'about to be closed',
  101: 'closed',
};

/** Proves, by reading only, what a run will need. @throws SyncError for the first thing that is missing */
export async function checkAccount(graph: Graph, token: string): Promise<string[]> {
  const { account } = graph;
  const node = await graph.ask(Account, () => graph.adAccount().read(Object.keys(Account.shape)));
  const closed = CLOSED[node.account_status ?? 1];
  if (closed) throw problem(notActive(account, closed), { account });
  const tasks = node.user_tasks;
  if (tasks && !tasks.includes('ADVERTISE') && !tasks.includes('MANAGE')) {
    throw problem(notPermitted(account), { account }, 'The token has neither ADVERTISE nor MANAGE there.');
  }
  const terms = node.tos_accepted ?? {};
  if (terms.custom_audience_tos !== 1) throw problem(termsMissing(account), { account });
  const expiry = await tokenFact(graph, token);
  await graph.ask(z.array(z.unknown()), () => graph.adAccount().getCustomAudiences(['id'], { limit: 1 }));
  return [
    `ad account ${account} "${node.name}" is active and can be read (Marketing API ${API_VERSION})`,
    expiry,
    'its custom audiences can be listed',
    'the terms for custom audiences are accepted',
    terms.value_based_custom_audience_tos === 1
      ? 'the terms for value-based audiences are accepted'
      : 'the terms for value-based audiences are not accepted; audiences with `value` need them',
  ];
}

async function tokenFact(graph: Graph, token: string): Promise<string> {
  const told = await askToken(graph, token);
  if (!told) return 'Meta does not tell when the token expires';
  const at = expiryOf(told);
  if (at === null) return 'the token has ads_management and does not expire';
  return `the token has ads_management and expires on ${at.slice(0, 10)}: make a new one before`;
}

/** When the token expires, as the contract says. @throws SyncError where Meta refuses it */
export async function tokenExpiry(graph: Graph, token: string): Promise<string | null> {
  const told = await askToken(graph, token);
  return told ? expiryOf(told) : null;
}

type TokenData = z.output<typeof Token>['data'];

/** The token itself expires, or the leave to see the account's data does: whichever comes first. */
function expiryOf(data: TokenData): string | null {
  const [first] = [data.expires_at, data.data_access_expires_at]
    .filter((at) => at > 0)
    .toSorted((a, b) => a - b);
  return first === undefined ? null : new Date(first * 1000).toISOString();
}

/** Meta lets a token look at itself, though not every one. */
async function askToken(graph: Graph, token: string): Promise<TokenData | undefined> {
  const { account } = graph;
  let data;
  try {
    ({ data } = await graph.ask(Token, () => graph.api.call('GET', ['debug_token'], { input_token: token })));
  } catch (error) {
    const unable: ErrorCode[] = ['DESTINATION_PERMISSION', 'DESTINATION_REJECTED', 'DESTINATION_ANSWER'];
    if (!(error instanceof SyncError) || !unable.includes(error.problem.code)) throw error;
    return undefined;
  }
  if (!data.is_valid) throw problem(keyRefused(), { account });
  if (data.scopes && !data.scopes.includes('ads_management')) {
    throw problem(notPermitted(account), { account }, 'The token lacks ads_management.');
  }
  return data;
}
