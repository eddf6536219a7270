import { fitGammaGamma, fitPurchases, type GammaGammaFit, type PurchaseFit } from './fit.ts';
import type { MeanValues } from './gamma-gamma.ts';
import type { Histories } from './histories.ts';
import type { ValueModel } from './value-model.ts';

/** Four parameters from fewer customers would have errors as great as themselves. */
const LEAST_CUSTOMERS = 100;

/** Both the rates and the dropout are learned from repeat buyers alone; 30 is the usual least for a mean and a spread. */
const LEAST_REPEAT_BUYERS = 30;

/**
 * The longest history must hold this many interpurchase times (their median over repeat buyers). In a shorter one a
 * customer who left cannot be told from one who has not yet come back. A ratio, so that it asks of a grocer for weeks
 * and of a furniture shop for years.
 */
const LEAST_INTERPURCHASE_TIMES = 3;

/** A rung of the ladder: the model that holds, or none; and why each rung above it does not. */
export type PurchaseChoice = { model: PurchaseFit | undefined; reasons: string[] };

/**
 * The model of when customers buy: the one asked for, or what comes next where it does not hold: MBG/NBD, BG/NBD, the
 * NBD (where nobody seems to leave), none. None means that only rules on recency are left.
 */
export function choosePurchaseModel(
  histories: Histories,
  asked: 'mbg_nbd' | 'bg_nbd' = 'mbg_nbd',
): PurchaseChoice {
  const reason = tooLittle(histories);
  if (reason) return { model: undefined, reasons: [reason] };
  const reasons: string[] = [];
  for (const name of asked === 'mbg_nbd' ? (['mbg_nbd', 'bg_nbd'] as const) : (['bg_nbd'] as const)) {
    const model = fitPurchases(name, histories);
    if (!model.converged || !Number.isFinite(model.log_likelihood)) {
      reasons.push(`${LABEL[name]}: the fit did not converge`);
      continue;
    }
    if (model.edge === 'nbd_limit')
      reasons.push(`${LABEL[name]}: no customer seems to leave, so it is the NBD`);
    return { model, reasons };
  }
  return { model: undefined, reasons };
}

const LABEL = { mbg_nbd: 'MBG/NBD', bg_nbd: 'BG/NBD' };

function tooLittle({ x, t_x, T, count }: Histories): string | undefined {
  const customers = count.reduce((sum, n) => sum + n, 0);
  if (customers < LEAST_CUSTOMERS) return `too few customers: ${customers}, needs ${LEAST_CUSTOMERS}`;
  let [buyers, longest] = [0, 0];
  for (let i = 0; i < count.length; i++) {
    if (x[i]! > 0) buyers += count[i]!;
    if (T[i]! > longest) longest = T[i]!;
  }
  if (buyers === 0) return 'no repeat purchases';
  if (buyers < LEAST_REPEAT_BUYERS) return `too few repeat buyers: ${buyers}, needs ${LEAST_REPEAT_BUYERS}`;
  let often = 0;
  for (let i = 0; i < count.length; i++)
    if (x[i]! > 0 && (LEAST_INTERPURCHASE_TIMES * t_x[i]!) / x[i]! <= longest) often += count[i]!;
  if (often * 2 >= buyers) return undefined;
  const part = LEAST_INTERPURCHASE_TIMES;
  return `history too short: most repeat buyers take more than 1/${part} of it from one purchase to the next`;
}

/** A rung of the ladder for the value of a purchase; `fit` is there where it is the Gamma-Gamma model. */
export type ValueChoice = { model: ValueModel; fit?: GammaGammaFit; reasons: string[] };

/** The model of what a purchase is worth: Gamma-Gamma, or the customer's own mean where that does not hold. */
export function chooseValueModel(values: MeanValues): ValueChoice {
  const buyers = values.count.reduce((sum, n) => sum + n, 0);
  const ownMean = (reason: string): ValueChoice => {
    let [purchases, worth] = [0, 0];
    values.x.forEach((x, i) => {
      purchases += x * values.count[i]!;
      worth += x * values.count[i]! * values.mean[i]!;
    });
    const mean = purchases && worth / purchases;
    return { model: { name: 'own_mean', parameters: { mean } }, reasons: [`Gamma-Gamma: ${reason}`] };
  };
  if (buyers === 0) return ownMean('no repeat purchase with a value');
  if (buyers < LEAST_REPEAT_BUYERS)
    return ownMean(`too few repeat buyers with a value: ${buyers}, needs ${LEAST_REPEAT_BUYERS}`);
  const fit = fitGammaGamma(values);
  if (!fit.converged || !Number.isFinite(fit.log_likelihood)) return ownMean('the fit did not converge');
  // At q = 1 the mean is infinite, and just above it every one-time buyer would be worth a fortune.
  if (fit.parameters.q <= LEAST_Q)
    return ownMean('order values are so unequal that they have no stable mean');
  return { model: { name: 'gamma_gamma', parameters: fit.parameters }, fit, reasons: [] };
}

/** Mean of all customers = p v/(q - 1): q must be above 1 by more than its error usually is. */
const LEAST_Q = 1.1;
