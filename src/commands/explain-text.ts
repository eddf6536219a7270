import { FIELDS, type FieldName } from '../job/fields.ts';
import type {
  ExplainedAudience,
  ExplainedOrder,
  ExplainedSegment,
  Explanation,
  HistoryEntry,
} from '../report/explain.ts';
import type { RuleTree } from '../report/explain-rules.ts';
import { money, table } from './text.ts';

/** One customer for people: who, orders, numbers, segments with their reasons, history, audiences. */
export function explanationText(explanation: Explanation): string {
  const { job, as_of, names, joined, is_customer, orders, segments, history, audiences } = explanation;
  const head = [`As of ${as_of}, job ${job}; known by ${names.map(nameText).join(', ')}`];
  for (const { names, by } of joined) head.push(`  ${names.map(nameText).join(' and ')}: ${by}`);
  if (!is_customer) head.push('No customer: somebody is one once they have an order that counts.');
  const parts = [
    head.join('\n'),
    section('Orders', orders.length > 0 ? orderTable(orders) : 'none'),
    ...(is_customer ? [section('Numbers', numberTable(explanation))] : []),
    ...(segments.length > 0 ? [section('Segments', segments.map(segmentText).join('\n'))] : []),
    ...(history.length > 0 ? [section('History', history.map(historyText).join('\n'))] : []),
    ...(audiences.length > 0 ? [section('Audiences', audiences.map(audienceText).join('\n'))] : []),
    ...explanation.notes.map((note) => `note: ${note}`),
  ];
  return parts.join('\n\n');
}

/** Names of customer ids and devices carry the key of their source, which says nothing to people. */
function nameText(name: string): string {
  return name
    .replace(/^customer:[^:]*:/, 'customer id ')
    .replace(/^device:[^:]*:/, 'device ')
    .replace(/^(email|phone):/, '$1 ');
}

function section(heading: string, body: string): string {
  return `${heading}\n${body}`;
}

function orderTable(orders: readonly ExplainedOrder[]): string {
  return table(
    ['order', 'day', 'goods', 'refunded', '', 'counts', 'why not'],
    orders.map(({ number, order_id, day, goods, refunded, currency, counts, why }) => [
      number || order_id,
      day,
      money(goods),
      Number(refunded) === 0 ? '' : money(refunded),
      currency,
      counts ? 'yes' : 'no',
      why ?? '',
    ]),
  );
}

function numberTable({ numbers, currency }: Explanation): string {
  const known = numbers.filter(({ value }) => value !== null && value !== '' && String(value) !== '');
  return table(
    ['field', 'value', 'meaning'],
    known.map(({ field, value, meaning }) => [field, valueText(field, value, currency), meaning]),
  );
}

function valueText(field: string, value: unknown, currency: string): string {
  const type = Object.hasOwn(FIELDS, field) ? FIELDS[field as FieldName].type : 'text';
  if (type === 'money') return `${money(String(value))} ${currency}`;
  if (type === 'texts') return (value as string[]).join(', ');
  if (type !== 'share' && type !== 'number') return String(value);
  return Number(value).toLocaleString('en', { maximumFractionDigits: 4 });
}

function segmentText({ segment, label, reason, rule, holds }: ExplainedSegment): string {
  const lines = [`${holds ? '' : 'not '}${segment} (${label})`];
  if (reason)
    lines.push(`  ${reason.rule}`, ...reason.thresholds.map(({ figure, text }) => `  ${figure}: ${text}`));
  if (rule) lines.push(...treeLines(rule, '  '));
  return lines.join('\n');
}

function treeLines({ text, holds, parts }: RuleTree, indent: string): string[] {
  const line = `${indent}${holds ? 'yes' : 'no '}  ${text}`;
  return [line, ...parts.flatMap((part) => treeLines(part, `${indent}  `))];
}

function historyText({ as_of, entered, left, gone }: HistoryEntry): string {
  const changes = [...left.map((segment) => `- ${segment}`), ...entered.map((segment) => `+ ${segment}`)];
  return `${as_of}  ${gone ? 'no customer' : changes.join('  ')}`;
}

function audienceText({ destination, audience, wanted, held, events }: ExplainedAudience): string {
  const last = events.at(-1);
  const words = [held ? 'in' : 'not in'];
  if (wanted === 'yes' && !held) words.push('wanted');
  else if (wanted === null) words.push('the job no longer has it');
  else if (wanted !== 'yes') words.push(wanted);
  const lines = [`${destination}: ${audience}: ${words.join(', ')}`];
  for (const { at, op, result, reason } of events) {
    const what = `${op === 'add' ? 'added' : 'taken out'}${result === 'refused' ? `: refused, ${reason}` : ''}`;
    lines.push(`  ${at.slice(0, 16).replace('T', ' ')}  ${what}`);
  }
  return last ? lines.join('\n') : lines[0]!;
}
