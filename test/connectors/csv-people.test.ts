import { expect, test } from 'vitest';
import { pulled } from './csv-folder.ts';

test('customers are read with their place and consents, and rows of nobody are named', async () => {
  const file = 'mail,zip,town,news\nana@example.com,01234,Cluj,yes\n,1,Iasi,no\nnone,2,Arad,no\n';
  const columns = { email: 'mail', zip: 'zip', city: 'town', accepts_marketing: 'news' };

  const all = await pulled({ 'a.csv': file }, { path: 'a.csv', records: 'customers', columns });

  expect(all.customers).toMatchObject([
    {
      email: 'ana@example.com',
      zip: '01234',
      city: 'Cluj',
      email_consent: 'yes',
      updated_at: '2026-01-01T00:00:00.000Z',
    },
  ]);
  expect(all.rejected.map(({ line, reason }) => [line, reason])).toEqual([
    [3, 'the row has no customer id, no e-mail address and no phone number'],
    [4, 'the row has no customer id, no e-mail address and no phone number'],
  ]);
  expect(all.warnings).toEqual(['a.csv: cells that are no e-mail address were left out (1)']);
});

test('customers are read with what they cost; a cost that is none is named, and the rest of the row stands', async () => {
  const file = [
    'mail;won;served;news',
    'ana@example.com;1.012,50;0;yes',
    'bo@example.com;;7,25;no',
    'cy@example.com;-3,00;free;no',
  ].join('\n');
  const columns = {
    email: 'mail',
    acquisition_cost: 'won',
    service_cost: 'served',
    accepts_marketing: 'news',
  };

  const all = await pulled({ 'a.csv': file }, { path: 'a.csv', records: 'customers', columns, decimal: ',' });

  const costs = all.customers.map(({ email, acquisition_cost, service_cost, email_consent }) => [
    email,
    acquisition_cost,
    service_cost,
    email_consent,
  ]);
  expect(costs).toEqual([
    ['ana@example.com', '1012.50', '0', 'yes'],
    ['bo@example.com', undefined, '7.25', 'no'],
    ['cy@example.com', undefined, undefined, 'no'],
  ]);
  expect(all.rejected.map(({ line, reason }) => [line, reason])).toEqual([
    [
      4,
      'acquisition_cost, service_cost cannot be read as an amount of 0 or more; the rest of the row was read',
    ],
  ]);
});

test('events take their type from a column or from the job; equal rows are one event', async () => {
  const file = 'what,when,mail\nOpen,2026-03-02 10:00,a@example.com\nflight,2026-03-02 10:00,a@example.com\n';
  const typed = { records: 'events', columns: { type: 'what', at: 'when', email: 'mail' } };
  const constant = { records: 'events', event: 'visit', columns: { at: 'when', email: 'mail' } };

  const all = await pulled({ 'a.csv': file }, { path: 'a.csv', ...typed });
  const again = await pulled(
    { 'b.csv': `${file}Open,2026-03-02 10:00,a@example.com\n` },
    { path: 'b.csv', ...typed },
  );
  const visits = await pulled({ 'a.csv': file }, { path: 'a.csv', ...constant });

  expect(all.events).toMatchObject([
    { type: 'open', at: '2026-03-02T10:00:00.000Z', email: 'a@example.com' },
  ]);
  expect(all.rejected).toMatchObject([
    { line: 3, reason: expect.stringContaining('the type of the event is none of') },
  ]);
  expect(again.events.map(({ event_id }) => event_id)).toEqual([
    all.events[0]?.event_id,
    all.events[0]?.event_id,
  ]);
  expect(visits.events.map(({ type }) => type)).toEqual(['visit', 'visit']);
});

test('events say whether a program made them; what is neither yes nor no is counted', async () => {
  const cells = ['true', '1', 'Yes', 'FALSE', '0', 'no', '', 'robot'];
  const rows = cells.map((cell, index) => `${index},2026-03-02,a@example.com,${cell}\n`);
  const columns = { event_id: 'id', at: 'when', email: 'mail', is_machine: 'bot' };

  const { events, warnings } = await pulled(
    { 'a.csv': `id,when,mail,bot\n${rows.join('')}` },
    { path: 'a.csv', records: 'events', event: 'open', columns },
  );

  expect(events.map(({ is_machine }) => String(is_machine)).join(' ')).toBe(
    'true true true false false false undefined undefined',
  );
  expect(warnings).toEqual(['a.csv: cells of `is_machine` say neither yes nor no and were left out (1)']);
});

test.each(['review', 'referral'])('a file of %ss is events of that kind', async (event) => {
  const file = 'id,when,client\nr1,2026-03-02 10:00,17\nr2,2026-03-03 10:00,18\n';
  const columns = { event_id: 'id', at: 'when', customer_id: 'client' };

  const { events } = await pulled({ 'a.csv': file }, { path: 'a.csv', records: 'events', event, columns });

  expect(events).toMatchObject([
    { event_id: 'r1', type: event, customer_id: '17' },
    { event_id: 'r2', type: event, customer_id: '18' },
  ]);
});
