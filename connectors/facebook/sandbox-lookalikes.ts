import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { deliveryStatus, isFlagged } from './sandbox-status.ts';
import type { SandboxAudience } from './sandbox-audiences.ts';
import { fromJson, missing, param, refuse, textParam } from './sandbox-replies.ts';

const Ratio = z
  .number()
  .min(0.01)
  .max(0.2)
  .refine((ratio) => Math.abs(ratio * 100 - Math.round(ratio * 100)) < 1e-9);
/** Since January 2026 wrong types and unknown keys are refused in every version. */
const Spec = z.strictObject({
  type: z.enum(['similarity', 'reach', 'custom_ratio']).optional(),
  ratio: Ratio.optional(),
  starting_ratio: Ratio.optional(),
  country: z.string().optional(),
  location_spec: z
    .strictObject({
      geo_locations: z.strictObject({
        countries: z.array(z.string()).optional(),
        country_groups: z.array(z.string()).optional(),
      }),
    })
    .optional(),
  allow_international_seeds: z.boolean().optional(),
});
type Spec = z.output<typeof Spec>;

/** Countries for which the sandbox, like Meta, makes no lookalikes. */
const WITHOUT = ['CU', 'IR', 'KP', 'SY', 'ZZ'];

export type Lookalike = { origin_audience_id: string; spec: Spec };

/** Reads a request for a lookalike, or answers why there will be none. @param now milliseconds since 1970 */
export function readLookalike(
  request: SandboxRequest,
  audiences: ReadonlyMap<string, SandboxAudience>,
  now: number,
): Lookalike | SandboxReply {
  const origin_audience_id = textParam(request, 'origin_audience_id');
  const origin = audiences.get(origin_audience_id);
  if (!origin) return missing(origin_audience_id);
  const text = param(request, 'lookalike_spec');
  const parsed = Spec.safeParse(typeof text === 'string' ? fromJson(text) : undefined);
  if (!parsed.success) return refuse(100, 'Param lookalike_spec must be a JSON text of known fields');

  const spec = parsed.data;
  const failed = 'Failed to create the custom audience';
  const countries = countriesOf(spec);
  if (countries.length === 0) {
    return refuse(2654, failed, { subcode: 1713159, title: 'Country or location is missing' });
  }
  if (countries.some((country) => !/^[A-Z]{2}$/.test(country) || WITHOUT.includes(country))) {
    return refuse(2654, failed, { subcode: 1713089, title: 'Invalid Lookalike Country' });
  }
  if (spec.ratio === undefined && spec.type === undefined)
    return refuse(100, 'Param ratio or type is required');
  if ((spec.starting_ratio ?? 0) >= ratioOf(spec))
    return refuse(100, 'Param starting_ratio must be less than ratio');
  if (isFlagged(origin)) return refuse(100, 'Invalid parameter', { subcode: 1713228 });
  if (origin.is_value_based && spec.type !== 'custom_ratio')
    return refuse(100, 'Param type must be custom_ratio for a value-based audience');
  if (deliveryStatus(origin, now).code !== 200) return refuse(2654, `${failed}: source audience too small`);
  const same = ({ lookalike }: SandboxAudience) =>
    lookalike?.origin_audience_id === origin_audience_id && likeness(lookalike.spec) === likeness(spec);
  if ([...audiences.values()].some(same)) {
    return refuse(2654, failed, { subcode: 1713007, title: "Can't Create a Duplicate Lookalike" });
  }
  return { origin_audience_id, spec };
}

/** As a lookalike is read back, which is not as it was written. */
export function shownSpec({ origin_audience_id, spec }: Lookalike, seed?: SandboxAudience): object {
  const countries = countriesOf(spec);
  return {
    type: spec.type ?? 'custom_ratio',
    ratio: ratioOf(spec),
    starting_ratio: spec.starting_ratio,
    ...(countries.length === 1 ? { country: countries[0] } : { target_countries: countries }),
    origin: [{ id: origin_audience_id, name: seed?.name, type: 'custom_audience' }],
  };
}

function countriesOf({ country, location_spec }: Spec): string[] {
  const { countries = [], country_groups = [] } = location_spec?.geo_locations ?? {};
  return country ? [country] : [...countries, ...country_groups];
}

function ratioOf({ ratio, type }: Spec): number {
  return ratio ?? (type === 'reach' ? 0.05 : 0.01);
}

/** Source, countries and size; two lookalikes with the same are one. */
function likeness(spec: Spec): string {
  return JSON.stringify([countriesOf(spec).toSorted(), spec.starting_ratio ?? 0, ratioOf(spec)]);
}
