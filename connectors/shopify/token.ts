import type { Clock } from '../clock.ts';
import { withRetries } from '../retry.ts';
import { Answered, explain, problem } from './failure.ts';
import { jsonOf, post } from './http.ts';
import { Token } from './replies.ts';
import type { ShopifySettings } from './schema.ts';

/** A token is renewed this long before its end, since what it is for may take a while; one of an hour at half its life. */
const EARLY_MS = 3_600_000;

export type TokenSource = {
  current(): Promise<string>;
  /** Forgets a token that Shopify refused. @returns whether there can be another */
  refused(token: string): boolean;
};

/** The token of an app made in the shop lasts for ever; one of the Dev Dashboard gets one for 24 hours at a time. */
export function tokenSource(
  settings: ShopifySettings,
  origin: string,
  context: { signal: AbortSignal; backoff_ms: number; clock: Clock },
): TokenSource {
  const { access_token, client_id = '', client_secret = '', shop } = settings;
  if (access_token) return { current: async () => access_token, refused: () => false };
  const { signal, clock, backoff_ms } = context;
  let known: { token: string; until: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const { status, text } = await post(`${origin}/admin/oauth/access_token`, {
      signal,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString(),
    });
    if ([400, 401, 403].includes(status)) throw refusal(shop, text, status);
    if (status !== 200) throw new Answered(status);
    const parsed = Token.safeParse(jsonOf(text));
    if (!parsed.success) throw new Answered(200);
    const { access_token: token, expires_in } = parsed.data;
    const life = expires_in * 1000;
    known = { token, until: clock.now() + life - Math.min(EARLY_MS, life / 2) };
    return token;
  }

  return {
    async current() {
      if (known && clock.now() < known.until) return known.token;
      asking ??= withRetries(ask, { signal, backoff_ms, explain: (error) => explain(error, shop) })
        .then(({ value }) => value)
        .finally(() => (asking = undefined));
      return asking;
    },
    refused(token) {
      if (known?.token === token) known = undefined;
      return true;
    },
  };
}

/** The grant answers OAuth's error codes, as JSON or inside a page; only a code that is a plain word is told. */
function refusal(shop: string, text: string, status: number) {
  const [code = ''] =
    /\b(invalid_client|invalid_request|shop_not_permitted|app_not_installed|application_cannot_be_found)\b/.exec(
      text,
    ) ?? [];
  const elsewhere = code === 'shop_not_permitted' || code === 'app_not_installed';
  return problem(shop, {
    code: 'SOURCE_KEY_REFUSED',
    retry: 'never',
    what: elsewhere
      ? 'Shopify gives this app no token for this shop.'
      : 'Shopify does not accept the client id and secret.',
    why: code ? `Shopify says: ${code} (HTTP ${status}).` : `HTTP ${status}.`,
    fix: elsewhere
      ? 'The app and the shop have to belong to one organisation, and the app to be installed in the shop.'
      : 'Copy `client_id` and `client_secret` from the settings of the app in the Dev Dashboard.',
  });
}
