import { z } from 'zod';
import { columnSettings } from '../columns.ts';

const secret = () => z.string().min(1).meta({ secret: true }).optional();

const Shape = z.strictObject({
  shop: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]*(\.myshopify\.com)?$/i,
      'is not the name of a shop, for example my-shop or my-shop.myshopify.com',
    )
    .transform((name) => `${name.toLowerCase().replace(/\.myshopify\.com$/, '')}.myshopify.com`)
    .describe('The shop as Shopify names it: my-shop.myshopify.com, never its own domain.'),
  access_token: secret().describe('Token of an app made in the shop itself (shpat_…). This or `client_id`.'),
  client_id: z
    .string()
    .min(1)
    .optional()
    .describe('Client id of an app from the Dev Dashboard, with `client_secret`.'),
  client_secret: secret().describe('Client secret of that app.'),
  pending_orders: columnSettings.pending_orders,
  allow_60_days: z
    .boolean()
    .default(false)
    .describe('Take the last 60 days for the whole history where the scope `read_all_orders` is missing.'),
  base_url: z.url().optional().describe('Another origin than https://SHOP: a proxy or the sandbox.'),
});

export type ShopifySettings = z.output<typeof Shape>;

/** Settings of the source `shopify`. */
export const ShopifySettings = Shape.superRefine((settings, context) => {
  const { access_token, client_id, client_secret } = settings;
  const problem = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (access_token && (client_id || client_secret)) {
    problem('access_token', 'give either `access_token`, or `client_id` and `client_secret`');
  } else if (!access_token && !(client_id && client_secret)) {
    problem('access_token', 'give `access_token`, or both `client_id` and `client_secret`');
  }
});
