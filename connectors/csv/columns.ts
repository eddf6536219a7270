import { hash } from 'node:crypto';
import { type Customer, EVENT_TYPES, type EventType } from '../records.ts';
import { consentOf, countryOf, digitsOf, emailOf, wordOf } from './cells.ts';
import type { Reading, RowReader } from './draft.ts';
import { versionAt } from './files.ts';
import type { Cell, Header } from './header.ts';
import { compare } from './money.ts';
import { addOrder, type Standing } from './order.ts';
import type { CsvSettings, Field, Meaning } from './schema.ts';

type ColumnReader = (cell: FieldCells, settings: CsvSettings, reading: Reading) => RowReader;
type FieldCells = (field: Field) => Cell;

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
  const readers: Record<CsvSettings['records'], ColumnReader> = { orders, customers, events };
  return readers[settings.records](cell, settings, reading);
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
    if (changed !== '' && !updated_at) return 'the date of the last change cannot be read';
    const version = updated_at ? versionAt(Date.parse(updated_at), 0) : reading.version;
    const order = addOrder(row, cells, { ...reading, version }, draft, person, standing);
    if (typeof order === 'string') return order;
    const repeats = order.order_id === before;
    if (repeats) reading.notes.add('rows repeat the order before them; one row per order is read');
    before = order.order_id;
    if (isSomebody(person)) draft.customers.push({ ...person, updated_at: updated_at ?? order.ordered_at });
    return undefined;
  };
};

const customers: ColumnReader = (cell, _settings, reading) => {
  const personOf = personReader(cell, reading);
  const costsOf = costsReader(cell, reading);
  const updated = cell('updated_at');
  return (row, draft) => {
    const person = personOf(row);
    if (!isSomebody(person)) return NOBODY;
    const changed = updated(row);
    const updated_at = changed === '' ? reading.modified_at : reading.date(changed);
    if (!updated_at) return 'the date of the last change cannot be read';
    const { costs, unreadable } = costsOf(row);
    // What else the row says, a refusal of consent above all, stands without its costs.
    draft.customers.push({ ...person, ...costs, updated_at });
    return (
      unreadable && `${unreadable} cannot be read as an amount of 0 or more; the rest of the row was read`
    );
  };
};

type Costs = Pick<Customer, 'acquisition_cost' | 'service_cost'>;

function costsReader(cell: FieldCells, reading: Reading) {
  const cells = { acquisition_cost: cell('acquisition_cost'), service_cost: cell('service_cost') };
  return (row: readonly string[]): { costs: Costs; unreadable: string } => {
    const costs: Costs = {};
    const unreadable: string[] = [];
    for (const field of ['acquisition_cost', 'service_cost'] as const) {
      const text = cells[field](row);
      const amount = reading.amount(text);
      if (amount !== undefined && compare(amount, '0') >= 0) costs[field] = amount;
      else if (text !== '') unreadable.push(field);
    }
    return { costs, unreadable: unreadable.join(', ') };
  };
}

const events: ColumnReader = (cell, settings, reading) => {
  const id = cell('event_id');
  const at = cell('at');
  const type = settings.event ? () => settings.event ?? '' : cell('type');
  const personOf = personReader(cell, reading);
  return (row, draft) => {
    const word = wordOf(type(row));
    if (!isEventType(word)) return `the type of the event is none of ${EVENT_TYPES.join(', ')}`;
    const time = reading.date(at(row));
    if (!time) return 'the date of the event cannot be read';
    const person = personOf(row);
    if (!isSomebody(person)) return NOBODY;
    const { customer_id, email, phone } = person;
    const event_id = id(row) || hash('sha1', JSON.stringify([word, ...row])).slice(0, 24);
    draft.events.push({ event_id, type: word, at: time, customer_id, email, phone });
    return undefined;
  };
};

const NOBODY = 'the row has no customer id, no e-mail address and no phone number';

function isEventType(word: string): word is EventType {
  return EVENT_TYPES.some((type) => type === word);
}

function personReader(cell: FieldCells, reading: Reading) {
  const read = (field: Field) => {
    const text = cell(field);
    return (row: readonly string[]) => text(row) || undefined;
  };
  const customer_id = read('customer_id');
  const email = cell('email');
  const phone = cell('phone');
  const first_name = read('first_name');
  const last_name = read('last_name');
  const city = read('city');
  const region = read('region');
  const zip = cell('zip');
  const country = cell('country');
  const marketing = cell('accepts_marketing');
  const sms = cell('accepts_sms');
  const ads = cell('accepts_ads');
  return (row: readonly string[]): Omit<Customer, 'updated_at'> => ({
    customer_id: customer_id(row),
    email: emailOf(email(row), reading.notes),
    phone: digitsOf(phone(row)),
    first_name: first_name(row),
    last_name: last_name(row),
    city: city(row),
    region: region(row),
    zip: digitsOf(zip(row)),
    country: countryOf(country(row)),
    email_consent: consentOf(marketing(row)),
    sms_consent: consentOf(sms(row)),
    ads_consent: consentOf(ads(row)),
  });
}

function isSomebody(person: { customer_id?: string; email?: string; phone?: string }): boolean {
  return Boolean(person.customer_id || person.email || person.phone);
}

const WORDS: Record<Meaning, string> = {
  paid: 'paid partially_paid partially_refunded completed complete processing shipped delivered fulfilled closed',
  pending: 'pending authorized on_hold awaiting_payment pending_payment',
  unpaid: 'unpaid voided expired failed draft checkout_draft',
  refunded: 'refunded returned',
  cancelled: 'cancelled canceled trash',
  test: 'test',
};

function standingReader(settings: CsvSettings, reading: Reading): (state: string) => Standing {
  const meanings = new Map<string, Meaning>();
  for (const [meaning, words] of Object.entries(WORDS) as [Meaning, string][]) {
    for (const word of words.split(' ')) meanings.set(word, meaning);
  }
  for (const [word, meaning] of Object.entries(settings.states)) meanings.set(wordOf(word.trim()), meaning);
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
    if (!meaning) reading.notes.add('orders in an unknown state do not count; name it in `states`', state);
    return standings[meaning ?? 'unpaid'];
  };
}
