import type { Customer } from '../records.ts';
import { REASONS, UNREADABLE_COSTS } from '../reasons.ts';
import { consentOf } from '../words.ts';
import { countryOf, digitsOf, emailOf, listOf } from './cells.ts';
import type { ColumnReader, FieldCells, Reading } from './draft.ts';
import type { Header } from './header.ts';
import { compare } from './money.ts';
import type { Field } from '../columns.ts';

/** Reads rows of a file of customers. */
export const customers: ColumnReader = (cell, settings, reading, header) => {
  const personOf = personReader(cell, reading);
  const costsOf = costsReader(cell, reading);
  const updated = cell('updated_at');
  const tags = cell('tags');
  const extraOf = extraReader(settings.extra, header);
  return (row, draft) => {
    const person = personOf(row);
    if (!isSomebody(person)) return REASONS.nobody;
    const changed = updated(row);
    const updated_at = changed === '' ? reading.modified_at : reading.date(changed);
    if (!updated_at) return REASONS.updated_at;
    const { costs, unreadable } = costsOf(row);
    // What else the row says, a refusal of consent above all, stands without its costs.
    draft.customers.push({
      ...person,
      ...costs,
      // A blank cell says that there are no tags; a file without the column says nothing of them.
      tags: settings.columns?.tags === undefined ? undefined : listOf(tags(row)),
      extra: extraOf(row),
      updated_at,
    });
    return unreadable && `${unreadable}${UNREADABLE_COSTS}`;
  };
};

/** @param columns the column of each further field, by its name */
function extraReader(columns: Record<string, string>, header: Header) {
  const cells = Object.entries(columns).map(
    ([name, column]) => [name, header.required(column, `extra.${name}`)] as const,
  );
  return (row: readonly string[]): Record<string, string> | undefined => {
    const said = cells.map(([name, cell]) => [name, cell(row)] as const).filter(([, text]) => text !== '');
    return said.length > 0 ? Object.fromEntries(said) : undefined;
  };
}

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

/** Who a row is about, and what it says of them; in files of orders and events too. */
export function personReader(cell: FieldCells, reading: Reading) {
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

export function isSomebody(person: { customer_id?: string; email?: string; phone?: string }): boolean {
  return Boolean(person.customer_id || person.email || person.phone);
}
