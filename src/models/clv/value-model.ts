import { expectedOrderValue, type GammaGammaParameters } from './gamma-gamma.ts';

/**
 * What a customer's next purchase is worth: by the Gamma-Gamma model, or (where it cannot be fitted) simply the mean of
 * their repeat purchases, and for a one-time buyer the mean over all repeat purchases of the shop.
 */
export type ValueModel =
  | { name: 'gamma_gamma'; parameters: GammaGammaParameters }
  | { name: 'own_mean'; parameters: { mean: number } };

/** @param mean mean value of the `x` repeat purchases; does not matter where x is 0 */
export function expectedValue(model: ValueModel, x: number, mean: number): number {
  if (model.name === 'gamma_gamma') return expectedOrderValue(model.parameters, x, mean);
  return x > 0 ? mean : model.parameters.mean;
}
