import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { ok, refuse } from './sandbox-replies.ts';

const WEEK_S = 7 * 24 * 3600;

/** What each token of the sandbox may do; `lives_s` is absent where it does not expire. */
type Token = { scopes: string[]; expired?: boolean; lives_s?: number };
const TOKENS: Readonly<Record<string, Token>> = {
  sandbox: { scopes: ['ads_management', 'ads_read', 'business_management'] },
  'sandbox-expiring': { scopes: ['ads_management', 'ads_read'], lives_s: WEEK_S },
  'sandbox-reader': { scopes: ['ads_read'] },
  'sandbox-expired': { scopes: [], expired: true },
};

/** Refuses a request whose token is unknown, expired, or may only look on. */
export function refusalOfToken(request: SandboxRequest, method: string): SandboxReply | undefined {
  const token = tokenOf(request.query.get('access_token'));
  if (!token) return refuse(190, 'Invalid OAuth access token');
  if (token.expired) {
    return refuse(190, 'Error validating access token: Session has expired on Sunday, 01-Nov-26', {
      subcode: 463,
    });
  }
  if (method === 'GET' || token.scopes.includes('ads_management')) return undefined;
  return refuse(200, 'Ad account owner has NOT grant ads_management permission');
}

/** `GET /debug_token`: what a token may do and until when; 0 means that it does not expire. */
export function debugToken(request: SandboxRequest, now: () => number): SandboxReply {
  const token = tokenOf(request.query.get('input_token'));
  if (!token) return refuse(100, 'The access token could not be decrypted');
  const expires = token.lives_s ? Math.floor(now() / 1000) + token.lives_s : 0;
  return ok({
    data: {
      app_id: '7',
      type: 'SYSTEM_USER',
      application: 'Sandbox app',
      data_access_expires_at: 0,
      expires_at: expires,
      is_valid: !token.expired,
      scopes: token.scopes,
      user_id: '9',
    },
  });
}

function tokenOf(name: string | null): Token | undefined {
  return name && Object.hasOwn(TOKENS, name) ? TOKENS[name] : undefined;
}
