import { html } from 'hono/html';
import type { Progress } from '../../run/progress.ts';
import { ACTIONS } from '../actions.ts';
import { only, problemNotice } from '../pieces.ts';
import { jobPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';

/** What goes on with a job; the script of the page asks for it anew while something does, and loads the page again at the end. */
export function livePart(view: View, job: string): Html {
  const parts = view.daemon.progress(job);
  const action = view.actions.current(job);
  const goes = goesOn(view, job);
  const running = goes || view.overviews.comparing(job);
  const problem = view.actions.problem(job);
  return html`<div
    id="live"
    data-live="${jobPath(job, '/live')}"
    data-running="${String(running)}"
    aria-live="polite"
  >
    ${
      goes
        ? html`<section class="notice quiet">
            <h2>${action ? ACTIONS[action] : 'A run'} goes on</h2>
            <ul class="progress">
              ${parts.map((part) => html`<li>${partText(view, part)}</li>`)}
            </ul>
          </section>`
        : ''
    }
    ${!goes && problem ? problemNotice(problem) : ''}
  </div>`;
}

/** Whether this process does something with a job. */
export function goesOn({ daemon, actions }: View, job: string): boolean {
  return (
    Boolean(daemon.outlook().get(job)?.running) ||
    daemon.progress(job).length > 0 ||
    Boolean(actions.current(job))
  );
}

/** What the browser without scripts, or one that came too late, is told. */
export function busy(job: string): Html {
  return only(job, 'It runs already, or the daemon stops; nothing was begun.');
}

function partText(
  { formats }: View,
  { stage, source, destination, audience, done, total, started, ended }: Progress,
): Html {
  const name = [stage, source ?? destination, audience].filter(Boolean).join(' · ');
  const seconds = Math.max(0.001, (Date.now() - started) / 1000);
  const rate = done > 0 && !ended ? `, ${formats.whole(done / seconds)} a second` : '';
  const count = total === null ? formats.whole(done) : `${formats.whole(done)} of ${formats.whole(total)}`;
  const counted = done > 0 || total !== null ? html` ${count}${rate}` : '';
  const label = `${name}${ended ? ', done' : ''}`;
  if (ended) return html`<progress aria-label="${label}" value="1" max="1"></progress> ${name}${counted}`;
  if (total === null || total === 0)
    return html`<progress aria-label="${label}"></progress> ${name}${counted}`;
  return html`<progress aria-label="${label}" value="${done}" max="${total}"></progress> ${name}${counted}`;
}
