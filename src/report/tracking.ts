import { expectedRepeats, type PurchaseModel } from '../models/clv/purchase-model.ts';

/** Customers by the day of their first purchase, counted from the shop's first day, which is day 0. */
export type FirstDays = readonly { day: number; customers: number }[];

const DAYS_A_WEEK = 7;

/**
 * Expected repeat purchases of all customers together, from the beginning to the end of each week. Week w ends after
 * day 7w - 1, so a customer who first bought on day s has then been one for 7w - 1 - s days.
 *
 * @param model time in weeks
 * @param weeks how many weeks to count
 * @returns one figure a week, from week 1
 */
export function expectedByWeek(model: PurchaseModel, firstDays: FirstDays, weeks: number): number[] {
  // The same number of days comes back for every first day, and the model takes longer than the sum.
  const repeatsAfter = Array.from({ length: weeks * DAYS_A_WEEK }, (_, days) =>
    expectedRepeats(model, days / DAYS_A_WEEK),
  );
  return Array.from({ length: weeks }, (_, week) => {
    const end = (week + 1) * DAYS_A_WEEK - 1;
    return firstDays.reduce(
      (sum, { day, customers }) => (day < end ? sum + customers * repeatsAfter[end - day]! : sum),
      0,
    );
  });
}
