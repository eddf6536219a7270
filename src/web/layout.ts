import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** HTML that is safe to put into HTML. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export type Frame = {
  title: string;
  /** Path of the entry of the navigation that is shown. */
  here?: string;
  /** The job that the page is about; `held` is whether a plan of it waits. */
  job?: { name: string; held: boolean };
};

/** A whole page. Styles and scripts come from this server alone. */
export function page({ title, here, job }: Frame, body: Html | Html[]): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · segment-sync</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <script src="/page.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/" ${here === '/' ? html`aria-current="page"` : ''}>segment-sync</a>
          ${job ? jobNavigation(job, here) : ''}
        </header>
        <main id="content">${body}</main>
      </body>
    </html>`;
}

/** Where the pages of a job are. */
export const jobPath = (name: string, rest = ''): string => `/jobs/${encodeURIComponent(name)}${rest}`;

/** Where the page of a segment is. */
export const segmentPath = (job: string, segment: string): string =>
  jobPath(job, `/segments/${encodeURIComponent(segment)}`);

const PAGES = [
  ['Segments', ''],
  ['Audiences', '/audiences'],
  ['Runs', '/runs'],
  ['Customer', '/customer'],
  ['Job file', '/file'],
] as const;

function jobNavigation({ name, held }: NonNullable<Frame['job']>, here: string | undefined): Html {
  const link = (label: string, rest: string) => {
    const path = jobPath(name, rest);
    return html`<li><a href="${path}" ${path === here ? html`aria-current="page"` : ''}>${label}</a></li>`;
  };
  return html`<nav aria-label="Job ${name}">
    <span class="job-name">${name}</span>
    <ul>
      ${PAGES.map(([label, rest]) => link(label, rest))} ${held ? link('Held plan', '/held') : ''}
    </ul>
  </nav>`;
}
