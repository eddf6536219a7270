import type { Fault } from '../../connectors/sandbox-server.ts';
import type { FaultKind, Faulty, Platform } from './story.ts';

type Trouble = Omit<Fault, 'platform' | 'method' | 'path' | 'skip' | 'times'>;

const PAGE = { text: '<html><body>Please log in</body></html>', content_type: 'text/html' };

/** How each platform words a refusal of its own. */
function refusal(platform: Platform, status: number, code: number): Trouble {
  if (platform === 'facebook')
    return { status: 400, body: { error: { message: 'No', type: 'OAuthException', code } } };
  if (platform === 'klaviyo')
    return {
      status,
      body: { errors: [{ id: 'x', status, code: 'no', title: 'No', detail: 'No.', source: {} }] },
    };
  return {
    status,
    body: { type: 'about:blank', title: 'No', status, detail: 'No.', instance: 'x' },
    content_type: 'application/problem+json',
  };
}

const TROUBLES: Record<FaultKind, (platform: Platform) => Trouble> = {
  throttled: () => ({ status: 429, headers: { 'retry-after': '1' }, body: {} }),
  throttled_bare: () => ({ status: 429, text: '' }),
  throttled_long: (platform) => ({ ...refusal(platform, 429, 80003), headers: { 'retry-after': '600' } }),
  key_refused: (platform) => refusal(platform, 401, 190),
  error_500: () => ({ status: 500, text: 'oops' }),
  error_502: () => ({ status: 502, ...PAGE }),
  error_503: () => ({ status: 503, text: '' }),
  garbage: () => ({ status: 200, text: '{"data": {"id": "23' }),
  web_page: () => ({ status: 200, ...PAGE }),
  cut_short: () => ({
    status: 200,
    headers: { 'content-length': '9000', connection: 'close' },
    text: '{"data": {"id": "23',
  }),
  reset_before: () => ({ drop: 'before' }),
  reset_after: () => ({ drop: 'after' }),
};

/** The fault as the imitation platforms take it. */
export function faultOf({ kind, platform, writes, skip, times }: Faulty): Fault {
  const method = writes ? { method: 'POST' } : {};
  return { platform, ...method, skip, times, ...TROUBLES[kind](platform) };
}
