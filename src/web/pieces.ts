import { html } from 'hono/html';
import type { Problem } from '../../connectors/index.ts';
import type { Html } from './layout.ts';

/** How a run or a job is, in a word and a colour that says the same. */
export type Mood = 'good' | 'warn' | 'bad' | 'quiet';

export function badge(mood: Mood, text: string): Html {
  return html`<span class="badge ${mood}">${text}</span>`;
}

/** A notice above what it is about. */
export function notice(mood: Mood, body: Html | string): Html {
  return html`<div class="notice ${mood}" role="${mood === 'bad' ? 'alert' : 'note'}">${body}</div>`;
}

/** A problem: what happened, why, and what to do. */
export function problemNotice({ code, where, what, why, fix }: Problem): Html {
  return notice(
    'bad',
    html`<p><strong>${what}</strong></p>
      ${why ? html`<p>${why}</p>` : ''} ${fix ? html`<p>What to do: ${fix}</p>` : ''}
      <p class="quiet">${code}${where ? ` · ${where}` : ''}</p>`,
  );
}

/** `text`: holds sentences, which a narrow column would make tall. */
export type Column = { heading: string; numeric?: boolean; text?: boolean };

/** A table that a narrow screen moves sideways; the first cell of a row says what it is about. */
export function dataTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly (Html | string | number)[])[],
): Html {
  const kind = (index: number) => {
    const { numeric, text } = columns[index] ?? {};
    return numeric ? html` class="number"` : text ? html` class="text"` : '';
  };
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ heading }, index) => html`<th scope="col" ${kind(index)}>${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) =>
                index === 0 ? html`<th scope="row">${cell}</th>` : html`<td${kind(index)}>${cell}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Figures that are read at a glance. */
export function figures(entries: readonly (readonly [string, Html | string])[]): Html {
  return html`<dl class="figures">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A share from 0 to 1 as a bar; whoever cannot see it reads the figure beside it. */
export function bar(share: number, seg = 0): Html {
  const width = Math.max(0, Math.min(100, Math.round(share * 1000) / 10));
  return html`<svg class="bar seg-${seg}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="rest" width="100" height="8" />
    <rect class="part" width="${width}" height="8" />
  </svg>`;
}

/** A button that changes something. */
export function action(
  path: string,
  label: string,
  options: { main?: boolean; fields?: Record<string, string> } = {},
): Html {
  return html`<form method="post" action="${path}" class="action">
    ${Object.entries(options.fields ?? {}).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <button type="submit" class="${options.main ? 'main' : ''}">${label}</button>
  </form>`;
}

/** Why something is as it is, for whoever has to decide. */
export function reasons(title: string, texts: readonly string[]): Html {
  if (texts.length === 0) return html``;
  return notice(
    'warn',
    html`<h2>${title}</h2>
      <ul>
        ${texts.map((text) => html`<li>${text}</li>`)}
      </ul>`,
  );
}

/** What a run had to say, for whoever opens it. */
export function notes(title: string, texts: readonly (Html | string)[]): Html {
  if (texts.length === 0) return html``;
  return html`<details class="notes">
    <summary>${title}: ${String(texts.length)}</summary>
    <ul>
      ${texts.map((text) => html`<li>${text}</li>`)}
    </ul>
  </details>`;
}

/** What stands where nothing is yet. */
export function empty(title: string, body: Html | string): Html {
  return html`<div class="empty">
    <h2>${title}</h2>
    <div>${body}</div>
  </div>`;
}

/** A page that has nothing else to say. */
export function only(title: string, body: Html | string): Html {
  return html`<div class="empty">
    <h1>${title}</h1>
    <div>${body}</div>
  </div>`;
}
