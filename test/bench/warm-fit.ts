import { fitGammaGamma, fitPurchases } from '../../src/models/clv/fit.ts';
import { grouped, hasReference, meanValues, readCustomers } from '../models/clv/reference.ts';
import { cohort } from './cohort.ts';
import { type Figure, median, seconds } from './figure.ts';

/** The tenth of CDNOW's customers that is published. */
const CUSTOMERS = 2357;
const LIMIT_SECONDS = 0.05;
const WARM_UP = 4;
const TIMES = 11;

/** A fit of CDNOW once the code is warm; of customers like its own where its data are not beside the project. */
export async function warmFitFigure(): Promise<Figure> {
  const customers = hasReference ? readCustomers() : cohort(CUSTOMERS);
  const histories = grouped(customers);
  const values = meanValues(customers);
  const times: number[] = [];
  for (let time = 0; time < WARM_UP + TIMES; time++) {
    const took = await seconds(() => {
      fitPurchases('bg_nbd', histories);
      fitGammaGamma(values);
    });
    if (time >= WARM_UP) times.push(took);
  }
  const took = median(times);
  return {
    work: `warm fit of ${hasReference ? 'CDNOW' : 'customers like CDNOW (simulated: its data are not here)'}`,
    measured: `${(took * 1000).toFixed(1)} ms`,
    against: `${LIMIT_SECONDS * 1000} ms`,
    ratio: took / LIMIT_SECONDS,
  };
}
