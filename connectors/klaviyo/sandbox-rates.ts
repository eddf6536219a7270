import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { refusal } from './sandbox-jsonapi.ts';

/** Requests a second, a minute and a day, per endpoint; tiers as in the API description of revision 2026-07-15. */
const TIERS = {
  XS: [1, 15],
  S: [3, 60],
  M: [10, 150],
  L: [75, 750],
  XL: [350, 3500],
  M_DAILY: [10, 150, 150],
} as const;
export type Tier = keyof typeof TIERS;

/** An endpoint and its quota, which costly extra fields may lower. */
export type Endpoint = {
  method: string;
  path: RegExp;
  tier: Tier | ((query: URLSearchParams) => Tier);
  /** `id` is what the path's variable stands for. */
  handle(request: SandboxRequest, id: string): SandboxReply;
};

const WINDOWS_MS = [1_000, 60_000, 86_400_000];
const STEADY = 1;

/**
 * Fixed windows that start with the first request in them, each endpoint for itself.
 * @returns the headers Klaviyo sends with an answer, or the refusal, which counts for nothing and has none of them
 */
export function rateLimits(
  now: () => number,
): (endpoint: string, tier: Tier) => { headers: Record<string, string> } | { refused: SandboxReply } {
  const counts = new Map<string, { start: number; count: number }>();

  return (endpoint, tier) => {
    const at = now();
    const windows = TIERS[tier].map((limit, index) => {
      const length = WINDOWS_MS[index] ?? 0;
      const key = `${endpoint} ${length}`;
      const known = counts.get(key);
      const open = known && at < known.start + length ? known : { start: at, count: 0 };
      counts.set(key, open);
      return { limit, open, seconds: Math.ceil((open.start + length - at) / 1000) };
    });
    const waits = windows.filter(({ open, limit }) => open.count >= limit).map(({ seconds }) => seconds);
    if (waits.length > 0) {
      const wait = Math.max(...waits);
      const detail = `Request was throttled. Expected available in ${wait} second${wait === 1 ? '' : 's'}.`;
      const refused = refusal(429, 'throttled', detail);
      return { refused: { ...refused, headers: { 'retry-after': String(wait) } } };
    }
    for (const { open } of windows) open.count += 1;
    const steady = windows[STEADY];
    return {
      headers: {
        'ratelimit-limit': String(steady?.limit),
        'ratelimit-remaining': String((steady?.limit ?? 0) - (steady?.open.count ?? 0)),
        'ratelimit-reset': String(steady?.seconds),
      },
    };
  };
}
