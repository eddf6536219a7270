import { z } from 'zod';
import type { EventType } from '../records.ts';
import { cursorIn, type Api } from './api.ts';
import type { Call } from './explain.ts';
import type { KlaviyoSourceSettings } from './source.ts';

/** Klaviyo's own metrics, by the names they have in every account. */
const USUAL: Readonly<Record<string, EventType>> = {
  'Opened Email': 'open',
  'Clicked Email': 'click',
  'Bounced Email': 'bounce',
  'Active on Site': 'visit',
  'Viewed Product': 'view',
};

const Metrics = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string().nullish() }) })),
  links: z.object({ next: z.string().nullish() }).nullish(),
});

/** A metric whose events are read. */
export type Metric = { id: string; name: string; type: EventType };

/**
 * The account's metrics that are read. A name may stand for several: each integration has its own.
 * @returns `missing`: names that the job gives and the account has not
 * @throws SyncError
 */
export async function readMetrics(
  api: Api,
  asked: KlaviyoSourceSettings['metrics'],
): Promise<{ metrics: Metric[]; missing: string[] }> {
  const call: Call = { where: 'klaviyo', what: 'read metrics', scopes: ['metrics:read'], source: true };
  const types = new Map(Object.entries({ ...USUAL, ...asked }));
  const metrics: Metric[] = [];
  const found = new Set<string>();
  let pageCursor: string | undefined;
  do {
    const query = { fieldsMetric: ['name' as const], pageCursor };
    const { value } = await api.ask(
      call,
      Metrics,
      async () => (await api.metrics.getMetrics(query)).response.data,
    );
    for (const { id, attributes } of value.data) {
      const name = attributes.name ?? '';
      const type = types.get(name);
      found.add(name);
      if (type && type !== 'ignore') metrics.push({ id, name, type });
    }
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
  return { metrics, missing: Object.keys(asked).filter((name) => !found.has(name)) };
}
