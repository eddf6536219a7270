/** The custom-audience quota of an ad account at the lowest access tier, per rolling hour. */
const HOUR_MS = 3_600_000;
const CALLS = 5_000;
const CALLS_PER_AUDIENCE = 40;

/** Counts calls; `spend` books one and answers with the usage header, and whether the quota is used up. */
export function openQuota(account: string, now: () => number) {
  const calls: number[] = [];
  return {
    spend(audiences: number): { header: string; exhausted: boolean } {
      const at = now();
      while (calls[0] !== undefined && calls[0] <= at - HOUR_MS) calls.shift();
      calls.push(at);
      const share = calls.length / (CALLS + CALLS_PER_AUDIENCE * audiences);
      const exhausted = share > 1;
      const wait_ms = exhausted ? (calls[0] ?? at) + HOUR_MS - at : 0;
      const usage = {
        type: 'custom_audience',
        call_count: Math.min(100, Math.floor(share * 100)),
        total_cputime: 0,
        total_time: 0,
        estimated_time_to_regain_access: Math.ceil(wait_ms / 60_000),
        ads_api_access_tier: 'standard_access',
      };
      return { header: JSON.stringify({ [account]: [usage] }), exhausted };
    },
  };
}
