import { hash } from 'node:crypto';
import { EVENT_TYPES, type EventType } from '../records.ts';
import { NOTES, REASONS } from '../reasons.ts';
import { meaningsOf, wordOf, type Meaning } from '../words.ts';
import { answerOf } from './cells.ts';
import { customers, isSomebody, personReader } from './customers.ts';
import type { ColumnReader, FieldCells, Reading, RowReader } from './draft.ts';
import { versionAt } from '../local-files.ts';
import type { Header } from './header.ts';
import { addOrder, type Standing } from './order.ts';
import { lines, products } from './products.ts';
import type { CsvSettings } from './schema.ts';

/**
 * Reads rows of a file whose columns the job names.
 * @throws SyncError `SOURCE_MISSING_COLUMN` for a named column that the file lacks
 */
export function columnsReader(header: Header, settings: CsvSettings, reading: Reading): RowReader {
  const columns = settings.columns ?? {};
  const cell: FieldCells = (field) => {
    const column = columns[field];
    return column === undefined ? () => '' : header.required(column, `columns.${field}`);
  };
  const readers: Record<CsvSettings['records'], ColumnReader> = {
    orders,
    lines,
    products,
    customers,
    events,
  };
  return readers[settings.records](cell, settings, reading, header);
}

const orders: ColumnReader = (cell, settings, reading) => {
  const cells = {
    order_id: cell('order_id'),
    ordered_at: cell('ordered_at'),
    cancelled_at: cell('cancelled_at'),
    state: cell('state'),
    currency: cell('currency'),
    goods: cell('goods'),
    total: cell('total'),
    tax: cell('tax'),
    shipping: cell('shipping'),
    discount: cell('discount'),
    refunded: cell('refunded'),
  };
  const standing = settings.columns?.state ? standingReader(settings, reading) : () => ({ counts: true });
  const updated = cell('updated_at');
  const personOf = personReader(cell, reading);
  let before: string | undefined;
  return (row, draft) => {
    const person = personOf(row);
    const changed = updated(row);
    const updated_at = changed === '' ? undefined : reading.date(changed);
    if (changed !== '' && !updated_at) return REASONS.updated_at;
    const version = updated_at ? versionAt(Date.parse(updated_at), 0) : reading.version;
    const order = addOrder(row, cells, { ...reading, version }, draft, person, standing);
    if (typeof order === 'string') return order;
    const repeats = order.order_id === before;
    if (repeats) reading.notes.add(NOTES.repeated);
    before = order.order_id;
    if (isSomebody(person)) draft.customers.push({ ...person, updated_at: updated_at ?? order.ordered_at });
    return undefined;
  };
};

const events: ColumnReader = (cell, settings, reading) => {
  const id = cell('event_id');
  const at = cell('at');
  const type = settings.event ? () => settings.event ?? '' : cell('type');
  const machine = cell('is_machine');
  const personOf = personReader(cell, reading);
  return (row, draft) => {
    const word = wordOf(type(row));
    if (!isEventType(word)) return REASONS.event_type;
    const time = reading.date(at(row));
    if (!time) return REASONS.event_at;
    const person = personOf(row);
    if (!isSomebody(person)) return REASONS.nobody;
    const { customer_id, email, phone } = person;
    const event_id = id(row) || hash('sha1', JSON.stringify([word, ...row])).slice(0, 24);
    const is_machine = answerOf(machine(row), reading.notes);
    draft.events.push({ event_id, type: word, at: time, is_machine, customer_id, email, phone });
    return undefined;
  };
};

function isEventType(word: string): word is EventType {
  return EVENT_TYPES.some((type) => type === word);
}

function standingReader(settings: CsvSettings, reading: Reading): (state: string) => Standing {
  const meanings = meaningsOf(settings.states);
  const standings: Record<Meaning, Standing> = {
    paid: { counts: true },
    pending: { counts: reading.countsPending },
    unpaid: { counts: false },
    refunded: { counts: true, refunded: true },
    cancelled: { counts: false },
    test: { counts: false, test: true },
  };
  return (state) => {
    const meaning = meanings.get(state);
    if (!meaning) reading.notes.add(NOTES.state, state);
    return standings[meaning ?? 'unpaid'];
  };
}
