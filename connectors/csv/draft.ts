import type { Customer, Event, Order, OrderLine, Product, Refund, Rejection } from '../records.ts';
import { NOTED_WORDS, noteText } from '../reasons.ts';
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

/** Things worth telling once per file, with how often they happened. */
export type Notes = { add(what: string, word?: string): void; texts(): string[] };

export function fileNotes(file: string): Notes {
  const notes = new Map<string, { count: number; words: Set<string> }>();
  return {
    add(what, word) {
      const note = notes.get(what) ?? { count: 0, words: new Set() };
      notes.set(what, note);
      note.count += 1;
      // Only what looks like a word: a shifted column must not bring a person's data into a message.
      if (word && /^[\p{L}_]{1,30}$/u.test(word) && note.words.size < NOTED_WORDS) note.words.add(word);
    },
    texts: () => [...notes].map(([what, { count, words }]) => noteText(file, what, count, words)),
  };
}
