import {
  type Discount,
  discountedIfActive,
  expectedIfActive,
  type History,
  pAlive,
  type PurchaseModel,
} from './purchase-model.ts';
import { expectedValue, type ValueModel } from './value-model.ts';

export type Scoring = {
  purchases: PurchaseModel;
  value: ValueModel;
  /** Time ahead for `expected_purchases`, in the unit of the model. */
  horizon: number;
  discount: Discount;
};

export type Score = {
  p_alive: number;
  expected_purchases: number;
  expected_order_value: number;
  clv: number;
};

/** The numbers of one customer. For all customers of a shop, `scoreSql` computes the same in the engine. */
export function score(
  { purchases, value, horizon, discount }: Scoring,
  history: History & { mean: number },
): Score {
  const p_alive = pAlive(purchases, history);
  const expected_order_value = expectedValue(value, history.x, history.mean);
  return {
    p_alive,
    expected_purchases: p_alive * expectedIfActive(purchases, history, horizon),
    expected_order_value,
    clv: p_alive * expected_order_value * discountedIfActive(purchases, history, discount),
  };
}
