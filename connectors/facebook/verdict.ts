import { z } from 'zod';
import type { ErrorCode, Retry } from '../error.ts';
import type { BudgetName } from './pace.ts';
import { API_VERSION } from './schema.ts';

/** The `error` object of a Graph API answer, as far as it decides anything. */
export const GraphError = z.object({
  code: z.number(),
  error_subcode: z.number().optional(),
  message: z.string().default(''),
  error_user_msg: z.string().optional(),
  is_transient: z.boolean().default(false),
  fbtrace_id: z.string().optional(),
});
export type GraphError = z.output<typeof GraphError>;

/** What an error means for us and for the person who reads it. */
export type Verdict = { code: ErrorCode; retry: Retry; what: string; fix: string };

/** Our codes for answers that concern one request and nothing else. */
export const TOO_SMALL = 'DESTINATION_AUDIENCE_TOO_SMALL';
export const REPLACING = 'DESTINATION_AUDIENCE_REPLACING';
export const DUPLICATE = 'DESTINATION_LOOKALIKE_DUPLICATE';
export const NOT_CREATED = 'DESTINATION_AUDIENCE_NOT_CREATED';

const TERMS = new Set([1870034, 1870090, 1870092]);
const FLAGGED = new Set([1713228, 1713230, 1713231]);
/** A replacement that runs, or one that is complete already. */
const REPLACEMENT = new Set([1870145, 1870159]);
/** A lookalike without a country, or with one that Meta does not know. */
const COUNTRY = new Set([1713089, 1713159]);

/** The budget that a rate limit is of: the app's (code 4), or the ad account's (also 17, 32, 613 and 8000x). */
export function budgetOf(code: number): BudgetName | undefined {
  if (code === 4) return 'app';
  const accounts = [17, 32, 613].includes(code) || (code >= 80_000 && code <= 80_014);
  return accounts ? 'account' : undefined;
}

/**
 * Reads Meta's code and subcode.
 *
 * @param account the ad account, `act_…`
 * @param audience whether one audience was asked, and not the ad account
 */
export function verdictOn(error: GraphError, account: string, audience: boolean): Verdict {
  const { code, error_subcode: subcode = 0 } = error;
  if (budgetOf(code)) return throttled(account);
  if (code === 190) return keyRefused(subcode);
  if (TERMS.has(subcode)) return termsMissing(account);
  if (code === 200 && subcode === 1870047) return tooSmall;
  if (code === 270) return developmentOnly;
  if (code === 10 || (code >= 200 && code <= 299) || subcode === 1713092) return notPermitted(account);
  if (code === 100 && FLAGGED.has(subcode)) return flagged;
  if (code === 100 && subcode === 33) return audience ? gone : notPermitted(account);
  if (code === 803) return audience ? notYet : notPermitted(account);
  if (code === 368) return abusive;
  if (code === 2635) return expired;
  // A replacement of the whole audience that runs, was cut short or ran out of time ends by itself.
  if (code === 2650 && REPLACEMENT.has(subcode)) return replacing;
  if (code === 2650) return { ...rejected, retry: subcode === 1870148 ? 'now' : 'next_run' };
  if (code === 2654 && subcode === 1713007) return duplicate;
  if (code === 2654 && COUNTRY.has(subcode)) return wrongCountry;
  if (code === 2654) return notCreated;
  if (code === 1 || code === 2 || error.is_transient) return down;
  return rejected;
}

/** The page on which a person accepts the custom audience terms; there is no call for it. */
export function termsMissing(account: string): Verdict {
  const number = account.replace('act_', '');
  return {
    code: 'DESTINATION_TERMS',
    retry: 'never',
    what: `The terms for custom audiences are not accepted for ${account}.`,
    fix: `Accept them at https://business.facebook.com/ads/manage/customaudiences/tos/?act=${number}`,
  };
}

export function notPermitted(account: string): Verdict {
  return {
    code: 'DESTINATION_PERMISSION',
    retry: 'never',
    what: `The token may not manage the audiences of ${account}, or there is no such ad account.`,
    fix: 'Give the system user "Manage campaigns" on the ad account and its token ads_management.',
  };
}

/** @param state what the ad account is, for example `disabled` */
export function notActive(account: string, state: string): Verdict {
  return {
    code: 'DESTINATION_ACCOUNT_INACTIVE',
    retry: 'never',
    what: `The ad account ${account} is ${state}.`,
    fix: 'Open Account Quality and Billing in Business Manager: a person has to resolve it.',
  };
}

export function throttled(account: string): Verdict {
  return {
    code: 'DESTINATION_THROTTLED',
    retry: 'now',
    what: `Meta takes no more calls for ${account} at the moment.`,
    fix: 'Nothing, the next run continues. If it happens often, ask Meta for Advanced Access.',
  };
}

export const down: Verdict = {
  code: 'DESTINATION_DOWN',
  retry: 'now',
  what: 'Meta did not answer, or answered that it cannot just now.',
  fix: 'Nothing at first, the next run continues. If it lasts, check the network and metastatus.com.',
};

export const nonsense: Verdict = {
  code: 'DESTINATION_ANSWER',
  retry: 'next_run',
  what: 'What came back is not an answer of the Marketing API.',
  fix: 'Check base_url, and any proxy between here and Meta.',
};

const WHY_REFUSED: Readonly<Record<number, string>> = {
  458: 'the app was removed',
  460: 'the password was changed',
  463: 'it expired',
  467: 'it was revoked',
};

export function keyRefused(subcode?: number): Verdict {
  const why = WHY_REFUSED[subcode ?? 0] ?? 'it expired, was revoked, or is mistyped';
  return {
    code: 'DESTINATION_KEY_REFUSED',
    retry: 'never',
    what: `Meta refuses the access token: ${why}.`,
    fix: 'Make a new system user token in Business settings and put it where access_token is read from.',
  };
}

const gone: Verdict = {
  code: 'AUDIENCE_GONE',
  retry: 'never',
  what: 'The audience does not exist any more, or the token may not see it.',
  fix: 'Run again: an audience that is gone is created anew and filled.',
};

/** An audience can be unknown for a moment after its creation. */
const notYet: Verdict = {
  code: gone.code,
  retry: 'now',
  what: 'Meta does not know the audience, which may be too new to be known everywhere.',
  fix: 'Nothing, the next run continues.',
};

const flagged: Verdict = {
  code: 'DESTINATION_FLAGGED',
  retry: 'never',
  what: 'Meta flagged the audience for its integrity rules and takes no changes to it.',
  fix: 'Open it in Audience Manager: change its name or description, or appeal. Names must be neutral.',
};

const tooSmall: Verdict = {
  code: TOO_SMALL,
  retry: 'next_run',
  what: 'The audience would become too small by this removal.',
  fix: 'Nothing, it is tried again at the next run. To have it now, delete the audience in Audience Manager.',
};

const replacing: Verdict = {
  code: REPLACING,
  retry: 'next_run',
  what: 'The audience is being written whole just now and takes no other change.',
  fix: 'Nothing, the next run continues.',
};

const duplicate: Verdict = {
  code: DUPLICATE,
  retry: 'next_run',
  what: 'A lookalike of this audience, country and size exists already.',
  fix: 'Nothing, it is found and used.',
};

const notCreated: Verdict = {
  code: NOT_CREATED,
  retry: 'next_run',
  what: 'Meta did not create the audience.',
  fix: 'An ad account holds 500 customer-list audiences and 500 lookalikes: delete unused ones in Audience Manager.',
};

const wrongCountry: Verdict = {
  code: 'DESTINATION_REJECTED',
  retry: 'never',
  what: 'Meta makes no lookalikes for one of these countries.',
  fix: 'Change countries under lookalikes.',
};

const developmentOnly: Verdict = {
  code: 'DESTINATION_PERMISSION',
  retry: 'never',
  what: "The token's app has development access only, which does not reach real ad accounts.",
  fix: "Ask for Standard Access to ads_management in the app's dashboard, or use a token of another app.",
};

const abusive: Verdict = {
  code: 'DESTINATION_REJECTED',
  retry: 'never',
  what: 'Meta blocked this kind of call as misuse.',
  fix: 'Look into Account Quality in Business Manager; a person has to resolve it.',
};

const expired: Verdict = {
  code: 'DESTINATION_REJECTED',
  retry: 'never',
  what: `Meta does not serve ${API_VERSION} of the Marketing API any more.`,
  fix: 'Update segment-sync, or raise API_VERSION in connectors/facebook/schema.ts.',
};

const rejected: Verdict = {
  code: 'DESTINATION_REJECTED',
  retry: 'never',
  what: 'Meta refused the call.',
  fix: "Look up the code in Meta's error reference; with the trace, Meta's support can find the call.",
};
