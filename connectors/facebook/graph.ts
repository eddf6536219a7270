import { hash } from 'node:crypto';
import { AdAccount, CustomAudience, type FacebookAdsApi } from 'facebook-nodejs-business-sdk';
import type { z } from 'zod';
import type { DestinationContext } from '../destination.ts';
import { withRetries } from '../retry.ts';
import { connect } from './api.ts';
import { explain, problem, type Subject } from './failure.ts';
import { openPace, type Clock } from './pace.ts';
import { originOf, type FacebookSettings } from './schema.ts';
import { nonsense } from './verdict.ts';

/** What a call may carry: the audience it is about, by name, and who counts its attempts. */
type About = { audience?: string; attempted?(): void };

/** The ad account as calls see it. */
export type Graph = {
  /** `act_…` */
  account: string;
  api: FacebookAdsApi;
  adAccount(): AdAccount;
  audience(id: string): CustomAudience;
  /**
   * Makes one call, again where that helps, and checks its answer.
   * @throws SyncError as `failure.ts` reads what went wrong
   */
  ask<T>(shape: z.ZodType<T>, call: () => unknown, about?: About): Promise<T>;
};

/** What tests set otherwise: the clock, and how long an answer may take. */
export type Timing = { clock?: Clock; timeout_ms?: number };

export function openGraph(settings: FacebookSettings, context: DestinationContext, timing: Timing): Graph {
  const { ad_account_id: account, access_token: token } = settings;
  const { signal, backoff_ms } = context;
  const origin = originOf(settings);
  const app = hash('sha256', token);
  const pace = openPace(
    { account: `${origin} ${account}`, app: `${origin} app of ${app}` },
    signal,
    timing.clock,
  );
  const api = connect(settings, { pace, log: context.log }, timing.timeout_ms);

  return {
    account,
    api,
    // The SDK adds to the objects it is given, so every call gets new ones.
    adAccount: () => new AdAccount(account, {}, undefined, api),
    audience: (id) => new CustomAudience(id, {}, undefined, api),

    async ask<T>(shape: z.ZodType<T>, call: () => unknown, about: About = {}): Promise<T> {
      const subject: Subject = { account, audience: about.audience };
      const attempt = async () => {
        about.attempted?.();
        return checked(shape, await call(), subject);
      };
      const { value } = await withRetries(attempt, {
        signal,
        backoff_ms,
        explain: (error) => explain(error, { ...subject, token, wait_ms: pace.wait_ms() }),
      });
      return value;
    },
  };
}

/** The SDK answers with what Meta sent, with objects that have its fields, or with a page's text taken for one. */
function checked<T>(shape: z.ZodType<T>, answer: unknown, subject: Subject): T {
  const parsed = shape.safeParse(answer);
  if (!parsed.success) throw problem(nonsense, subject);
  return parsed.data;
}
