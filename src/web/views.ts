import type { Context } from 'hono';
import type { Env } from './access.ts';
import { actionBook } from './actions.ts';
import { formatsFor } from './formats.ts';
import { openOverviews } from './overviews.ts';
import type { Site, View } from './site.ts';

/** What is shown of a daemon that does not run yet. */
const STARTING: View['daemon'] = { outlook: () => new Map(), progress: () => [], take: () => false };

export type ViewOf = (context: Context<Env>) => View;

/** @returns what gives each request its view of the site */
export function openViews(site: Site): ViewOf {
  const actions = actionBook(site);
  const overview = openOverviews(site.engine);
  const files = () => {
    const broken = site.folder.broken().map(({ file }) => file);
    return [...new Set([...site.folder.jobs().map(({ file }) => file), ...broken])];
  };
  return (context) => ({
    ...site,
    daemon: site.daemon() ?? STARTING,
    actions,
    overview,
    files,
    formats: formatsFor(context.req.header('accept-language')),
  });
}
