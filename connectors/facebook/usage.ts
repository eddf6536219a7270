import { z } from 'zod';

/** How much of an hourly budget is used, in percent, and how long until calls are let through again. */
export type Usage = { used: number; regain_ms: number };

const Budget = z.object({
  call_count: z.number().default(0),
  total_cputime: z.number().default(0),
  total_time: z.number().default(0),
  /** Minutes. */
  estimated_time_to_regain_access: z.number().default(0),
});
/** By business or account id; several kinds of budget each. */
const Business = z.record(z.string(), z.array(Budget));
const AdAccount = z.object({ acc_id_util_pct: z.number() });

/**
 * Reads Meta's usage headers; they come with successes and failures alike.
 *
 * @param headers of an answer, in lower case; a header that is missing or unreadable counts as nothing used
 * @returns the fullest budget of the ad account, and of the app
 */
export function usageOf(headers: unknown): { account: Usage; app: Usage } {
  const business = read(headers, 'x-business-use-case-usage', Business) ?? {};
  const adAccount = read(headers, 'x-ad-account-usage', AdAccount);
  const app = read(headers, 'x-app-usage', Budget);
  const account = fullest(Object.values(business).flat());
  return {
    account: { ...account, used: Math.max(account.used, adAccount?.acc_id_util_pct ?? 0) },
    app: fullest(app ? [app] : []),
  };
}

function fullest(budgets: readonly z.output<typeof Budget>[]): Usage {
  const used = budgets.flatMap(({ call_count, total_cputime, total_time }) => [
    call_count,
    total_cputime,
    total_time,
  ]);
  const minutes = budgets.map((budget) => budget.estimated_time_to_regain_access);
  return { used: Math.max(0, ...used), regain_ms: Math.max(0, ...minutes) * 60_000 };
}

function read<T>(headers: unknown, name: string, shape: z.ZodType<T>): T | undefined {
  const header = z.object({ [name]: z.string() }).safeParse(headers);
  return header.success ? shape.safeParse(parseJson(header.data[name])).data : undefined;
}

function parseJson(text = ''): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
