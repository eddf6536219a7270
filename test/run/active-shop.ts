import { openPlatform } from './platform.ts';
import { aBuyer, type ShopSettings, type Stage } from './stage.ts';

/** A shop that keeps those who bought lately in the audience Active of a platform, two members a request. */
export function openActiveShop(
  stage: Stage,
  settings: ShopSettings = {},
  more: Parameters<typeof openPlatform>[0] = {},
) {
  const platform = openPlatform(more);
  const shop = stage.shop({
    connectors: { platform: platform.definition },
    segments: { lifecycle: { top_share: 0 } },
    destinations: [{ type: 'platform', audiences: [{ segment: 'lifecycle.active' }] }],
    ...settings,
  });
  const sells = (names: readonly string[], month = '03') =>
    shop.holds(names.map((name) => aBuyer(name, { ordered_at: `2026-${month}-01T12:00:00.000Z` })));
  return {
    shop,
    platform,
    /** These people buy something in March, or in another month. */
    sells,
    /** Half a year later only these have bought again; the others have become at risk. */
    leaves(names: readonly string[]) {
      sells(names, '09');
      return shop.run('2026-09-30');
    },
  };
}

/** What the platform calls the members of these names. */
export function keys(names: readonly string[]): string[] {
  return names.map((name) => `email:${name}@example.com`);
}
