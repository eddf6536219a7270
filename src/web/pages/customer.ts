import { html } from 'hono/html';
import { SyncError } from '../../../connectors/index.ts';
import type { Job } from '../../job/load.ts';
import type { ExplainedAudience, ExplainedSegment, Explanation, HistoryEntry } from '../../report/explain.ts';
import type { RuleTree } from '../../report/explain-rules.ts';
import { withFoundAudiences } from '../../run/audiences.ts';
import { explainCustomer } from '../../run/explain.ts';
import { notRunYet } from '../../run/overview.ts';
import { lastRun } from '../../run/state.ts';
import { badge, dataTable, notice, problemNotice } from '../pieces.ts';
import { jobPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';

/**
 * Looks one customer up. The name comes in the body of the request, so that it stands in no address, history or log.
 * @param wanted an e-mail address, or what else export shows as customer_id; undefined before anybody was asked for
 */
export async function customerPage(view: View, job: Job, wanted: string | undefined): Promise<Html[]> {
  return [search(job, wanted ?? ''), ...(wanted ? await found(view, job, wanted) : [])];
}

function search(job: Job, wanted: string): Html {
  return html`<h1>Customer</h1>
    <form
      method="post"
      action="${jobPath(job.name, '/customer')}"
      class="search"
      role="search"
      autocomplete="off"
    >
      <label for="who">E-mail address or customer id</label>
      <input id="who" name="who" value="${wanted}" required spellcheck="false" autocapitalize="none" />
      <button type="submit" class="main">Explain</button>
    </form>`;
}

async function found(view: View, written: Job, wanted: string): Promise<Html[]> {
  try {
    const job = await withFoundAudiences(view.engine, written);
    const last = await lastRun(view.engine, job.name, 'segmented');
    if (!last) throw notRunYet(job.name);
    const who = wanted.includes('@') ? { email: wanted } : { customer_id: wanted };
    return explained(view, await explainCustomer(view.engine, job, last, who));
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [problemNotice(error.problem)];
  }
}

function explained(view: View, told: Explanation): Html[] {
  const { formats } = view;
  return [
    html`<p class="quiet">As of ${formats.day(told.as_of)}</p>`,
    html`<h2>Known as</h2>
      <ul>
        ${told.names.map((name) => html`<li>${nameText(name)}</li>`)}
      </ul>
      ${told.joined.map(({ names, by }) => html`<p class="quiet">${names.map(nameText).join(' and ')}: ${by}.</p>`)}`,
    ...(told.is_customer
      ? []
      : [notice('quiet', 'No customer: somebody is one once they have an order that counts.')]),
    ...told.notes.map((note) => notice('quiet', note)),
    html`<h2>Segments</h2>
      <ul class="cards">
        ${told.segments.map((segment) => html`<li>${segmentCard(segment)}</li>`)}
      </ul>`,
    orders(view, told),
    numbers(view, told),
    audiences(view, told.audiences),
    history(view, told.history),
  ];
}

/** Names of customer ids and devices carry the key of their source, which says nothing to people. */
function nameText(name: string): string {
  return name
    .replace(/^customer:[^:]*:/, 'customer id ')
    .replace(/^device:[^:]*:/, 'device ')
    .replace(/^(email|phone):/, '');
}

function segmentCard({ label, segment, reason, rule, holds }: ExplainedSegment): Html {
  return html`<article class="card">
    <header>
      <h3>${label}</h3>
      ${holds ? badge('good', 'in') : badge('quiet', 'not in')} <span class="quiet">${segment}</span>
    </header>
    ${
      reason
        ? html`<p>${reason.rule}</p>
            <ul>
              ${reason.thresholds.map(({ figure, text }) => html`<li>${figure}: ${text}</li>`)}
            </ul>`
        : ''
    }
    ${
      rule
        ? html`<ul class="rule">
            ${tree(rule)}
          </ul>`
        : ''
    }
  </article>`;
}

function tree({ text, holds, parts }: RuleTree): Html {
  return html`<li>
    <strong>${holds ? 'yes' : 'no'}</strong> ${text}
    ${
      parts.length > 0
        ? html`<ul>
            ${parts.map(tree)}
          </ul>`
        : ''
    }
  </li>`;
}

function orders({ formats }: View, { orders, currency }: Explanation): Html {
  const columns = [
    { heading: 'Order' },
    { heading: 'Day' },
    { heading: 'Goods', numeric: true },
    { heading: 'Refunded', numeric: true },
    { heading: 'Counts' },
  ];
  const rows = orders.map((order) => [
    order.number || order.order_id,
    formats.day(order.day),
    formats.money(order.goods, order.currency || currency),
    Number(order.refunded) === 0 ? '' : formats.money(order.refunded, order.currency || currency),
    order.counts ? 'yes' : html`no: ${order.why ?? ''}`,
  ]);
  return html`<h2>Orders</h2>
    ${rows.length > 0 ? dataTable('Orders', columns, rows) : html`<p>None.</p>`}`;
}

function numbers({ formats }: View, { numbers }: Explanation): Html {
  const known = numbers.filter(({ value }) => value !== null && String(value) !== '');
  if (known.length === 0) return html``;
  const shown = (value: unknown) => (typeof value === 'number' ? formats.number(value) : String(value));
  const rows = known.map(({ field, value, meaning }) => [field, shown(value), meaning]);
  return html`<h2>Numbers</h2>
    ${dataTable('Numbers', [{ heading: 'Field' }, { heading: 'Value' }, { heading: 'Meaning', text: true }], rows)}`;
}

function audiences({ formats }: View, all: readonly ExplainedAudience[]): Html {
  if (all.length === 0) return html``;
  const rows = all.map(({ destination, audience, wanted, held, events }) => [
    audience,
    destination,
    held ? badge('good', 'in') : badge('quiet', 'not in'),
    wanted === null ? 'the job no longer has it' : wanted,
    events
      .map(({ at, op, result, reason }) => {
        const what = op === 'add' ? 'added' : 'taken out';
        return `${formats.moment(at, 'UTC')}: ${what}${result === 'refused' ? `, refused: ${reason}` : ''}`;
      })
      .join('; '),
  ]);
  const columns = ['Audience', 'Destination', 'There', 'Wanted', 'What happened (UTC)'];
  return html`<h2>Where they were sent</h2>
    ${dataTable(
      'Where they were sent',
      columns.map((heading) => ({ heading })),
      rows,
    )}`;
}

function history({ formats }: View, entries: readonly HistoryEntry[]): Html {
  if (entries.length === 0) return html``;
  const rows = entries.map(({ as_of, entered, left, gone }) => [
    formats.day(as_of),
    gone ? 'no customer' : entered.join(', '),
    left.join(', '),
  ]);
  return html`<h2>History</h2>
    ${dataTable('History of segments', [{ heading: 'Day' }, { heading: 'Entered' }, { heading: 'Left' }], rows)}`;
}
