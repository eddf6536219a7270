import type { Customer, Event, Order, OrderLine, Product, Refund, Rejection } from '../records.ts';
import type { Notes } from '../notes.ts';
import type { Cell, Header } from './header.ts';
import type { Field } from '../columns.ts';
import type { CsvSettings } from './schema.ts';

/** A page in the making. */
export type Draft = {
  orders: Order[];
  lines: OrderLine[];
  products: Product[];
  refunds: Refund[];
  customers: Customer[];
  events: Event[];
  rejected: Rejection[];
};

export function emptyDraft(): Draft {
  return { orders: [], lines: [], products: [], refunds: [], customers: [], events: [], rejected: [] };
}

/** Adds what a row says to the draft; answers why (part of) it was left out, without quoting a cell. */
export type RowReader = (cells: readonly string[], draft: Draft) => string | undefined;

/** The cell of a field, '' where the job names no column for it. */
export type FieldCells = (field: Field) => Cell;

/** Makes the reader of one kind of records for a file whose columns the job names. */
export type ColumnReader = (
  cell: FieldCells,
  settings: CsvSettings,
  reading: Reading,
  header: Header,
) => RowReader;

/** What the rows of one file are read with. */
export type Reading = {
  version: number;
  /** When the file was last changed. */
  modified_at: string;
  /** For amounts that carry no currency. */
  currency: string;
  countsPending: boolean;
  date(text: string): string | undefined;
  amount(text: string): string | undefined;
  notes: Notes;
};
