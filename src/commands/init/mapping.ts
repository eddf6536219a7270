import { meaningsOf, type Field, type Meaning, type Peek } from '../../../connectors/index.ts';
import { NAMED, plainName } from './column-names.ts';
import {
  currenciesIn,
  dateOrder,
  decimalSign,
  isAmountLike,
  isDateLike,
  isEmailLike,
  mostly,
  type DateOrder,
  type Decided,
} from './values.ts';

/** Our name of a field, and the column it stands in. */
export type Columns = Partial<Record<Field, string>>;

/** What an order cannot do without; of two in a list, one. */
const REQUIRED: readonly (readonly Field[])[] = [['order_id'], ['ordered_at'], ['goods', 'total']];

/** What the values of a column must be like for it to be that field. */
const LIKE: Partial<Record<Field, (value: string) => boolean>> = {
  email: isEmailLike,
  ordered_at: isDateLike,
  cancelled_at: isDateLike,
  updated_at: isDateLike,
  goods: isAmountLike,
  total: isAmountLike,
  tax: isAmountLike,
  shipping: isAmountLike,
  discount: isAmountLike,
  refunded: isAmountLike,
  currency: (value) => /^[A-Za-z]{3}$/.test(value),
  country: (value) => /^[A-Za-z]{2}$/.test(value),
};

/** The values of a column. */
function valuesOf({ columns, rows }: Peek, name: string | undefined): string[] {
  const at = columns.findIndex((column) => column.name === name);
  return at < 0 ? [] : rows.map((row) => row[at] ?? '');
}

/**
 * Proposes which column is which field: by what columns are called, and by what stands in them. A column whose values
 * are not like the field is not taken for it.
 * @param given what somebody has said already
 */
export function proposeColumns(peek: Peek, given: Columns): Columns {
  const found: Columns = { ...given };
  const taken = new Set(Object.values(given));
  const free = () => peek.columns.map(({ name }) => name).filter((name) => name !== '' && !taken.has(name));
  const take = (field: Field, name: string | undefined) => {
    if (name === undefined) return;
    found[field] = name;
    taken.add(name);
  };
  const suits = (field: Field, name: string) => {
    const like = LIKE[field];
    const values = valuesOf(peek, name);
    return !like || values.every((value) => value === '') || mostly(values, like);
  };
  for (const [field, names] of NAMED) {
    if (found[field] !== undefined) continue;
    const plain = new Map(free().map((name) => [plainName(name), name]));
    take(
      field,
      names.map((name) => plain.get(name)).find((name) => name !== undefined && suits(field, name)),
    );
  }
  if (!found.email)
    take(
      'email',
      free().find((name) => mostly(valuesOf(peek, name), isEmailLike)),
    );
  if (!found.ordered_at)
    take(
      'ordered_at',
      free().find((name) => mostly(valuesOf(peek, name), isDateLike)),
    );
  return found;
}

/** The fields that no column was found for although orders need them. */
export function missingFields(columns: Columns): Field[] {
  return REQUIRED.filter((fields) => fields.every((field) => columns[field] === undefined)).map((fields) =>
    fields.at(-1)!,
  );
}

const AMOUNTS = ['goods', 'total', 'tax', 'shipping', 'discount', 'refunded'] as const satisfies Field[];

/** The order of dates, as the times of orders have it. */
export function datesOf(peek: Peek, columns: Columns): Decided<DateOrder> {
  return dateOrder(valuesOf(peek, columns.ordered_at));
}

/** Leaves out other columns with dates that are written in another order: a source has one. */
export function withoutOddDates(peek: Peek, columns: Columns, dates: DateOrder): Columns {
  const odd = (['cancelled_at', 'updated_at'] as const).filter((field) => {
    const values = valuesOf(peek, columns[field]);
    const found = dateOrder(values);
    const fits = found.is === dates || ('open' in found && found.open.includes(dates));
    return values.some((value) => value !== '') && !fits;
  });
  return Object.fromEntries(Object.entries(columns).filter(([field]) => !odd.includes(field as never)));
}

export function decimalOf(peek: Peek, columns: Columns): Decided<'.' | ','> {
  return decimalSign(AMOUNTS.flatMap((field) => valuesOf(peek, columns[field])));
}

export function currenciesOf(peek: Peek, columns: Columns): string[] {
  return currenciesIn(valuesOf(peek, columns.currency));
}

/** Words of other languages for what the usual English words of `states` say, as `plainName` writes them. */
const STATES: Record<Meaning, string> = {
  paid: 'bezahlt versendet versandt abgeschlossen geliefert paye payee expediee livree terminee pagado enviado entregado completado pagato spedito consegnato completato platita livrata expediata finalizata betaald verzonden afgerond oplacone zaplacone wyslane zrealizowane',
  pending: 'offen ausstehend en_attente pendiente in_attesa in_asteptare in_afwachting oczekujace',
  unpaid: 'unbezahlt impayee impagado non_pagato neplatita onbetaald nieoplacone',
  refunded:
    'erstattet retourniert remboursee reembolsado rimborsato rambursata returnata terugbetaald zwrocone',
  cancelled: 'storniert abgebrochen annule annulee cancelado annullato anulata geannuleerd anulowane',
  test: 'testbestellung',
};

const MEANT = new Map(
  Object.entries(STATES).flatMap(([meaning, words]) =>
    words.split(' ').map((word) => [word, meaning as Meaning] as const),
  ),
);

/** What the words in the column `state` mean beyond the usual ones, and those of which nobody can know it. */
export function statesOf(
  peek: Peek,
  columns: Columns,
): { states: Record<string, Meaning>; unknown: string[] } {
  const usual = meaningsOf({});
  const words = [...new Set(valuesOf(peek, columns.state).filter((value) => value !== ''))];
  const open = words.filter((word) => !usual.has(plainName(word)));
  const known = open.filter((word) => MEANT.has(plainName(word)));
  return {
    states: Object.fromEntries(known.map((word) => [word, MEANT.get(plainName(word))!])),
    unknown: open.filter((word) => !known.includes(word)),
  };
}

/** Whether rows repeat an order, as exports with a row per product do. */
export function repeatsOrders(peek: Peek, columns: Columns): boolean {
  const ids = valuesOf(peek, columns.order_id).filter((id) => id !== '');
  return new Set(ids).size < ids.length;
}
