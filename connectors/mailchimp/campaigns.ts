import { z } from 'zod';
import type { Api } from './api.ts';
import type { Place } from './explain.ts';

const time = z.string().nullish().catch(undefined);
const Campaign = z
  .object({
    id: z.string(),
    type: z.string().default(''),
    list_id: z.string().default(''),
    send_time: time,
    rss_last_send: time,
  })
  .transform(({ id, type, list_id, send_time, rss_last_send }) => ({
    id,
    list_id,
    /** E-mails of an automation go out one by one, so how long ago it was begun says nothing. */
    keeps_sending: type.startsWith('auto'),
    /** When it was sent last, in milliseconds since 1970; -Infinity where that is not told. */
    sent: Math.max(...[send_time, rss_last_send].map((text) => Date.parse(text ?? '') || -Infinity)),
  }));
export type Campaign = z.output<typeof Campaign>;

const CampaignPage = z
  .object({ reports: z.array(Campaign), total_items: z.int() })
  .transform(({ reports, total_items }) => ({ items: reports, total: total_items }));

/**
 * The campaigns that were sent, of one list or all.
 * @throws SyncError
 */
export async function readCampaigns(api: Api, place: Place, list_id?: string): Promise<Campaign[]> {
  const fields = ['id', 'type', 'list_id', 'send_time', 'rss_last_send'].map((field) => `reports.${field}`);
  const pages = api.pages(place, CampaignPage, (window) =>
    api.reports.getAllCampaignReports({ ...window, fields: [...fields, 'total_items'] }),
  );
  const campaigns: Campaign[] = [];
  for await (const { items } of pages) campaigns.push(...items);
  return campaigns.filter((campaign) => !list_id || campaign.list_id === list_id);
}
