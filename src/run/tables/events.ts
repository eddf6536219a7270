import { EVENT_TYPES, NOTES, REASONS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { answer, few, jsonText, word } from './cells.ts';
import { dates, instant } from './dates.ts';
import { type Kind, part, parts, type Reading } from './kind.ts';
import { emailNote, IDENTIFIED, identity, IS_SOMEBODY } from './people.ts';
import { firstOf } from './sql.ts';

/** Rows that are events, as connectors/csv/columns.ts reads them. */
export function events(reading: Reading): Kind {
  const { meaning } = reading;
  const cells = `arrayMap(cell -> ${jsonText('cell')}, arrayConcat([toString(type)], whole))`;
  // Without an id an event is known by what its row says.
  const known = `substring(lower(hex(SHA1(concat('[', arrayStringConcat(${cells}, ','), ']')))), 1, 24)`;
  const type = meaning.event ? literal(meaning.event) : word(few('t_type'));
  const machine = part(reading, {
    is_machine: ['is_machine', answer(few('t_is_machine')), 'Nullable(Bool)', `CAST(NULL, 'Nullable(Bool)')`],
    no_answer: [
      'is_machine',
      `t_is_machine != '' AND isNull(${answer(few('t_is_machine'))})`,
      'Bool',
      'false',
    ],
  });
  const { steps, stored, absent, plain } = parts(identity(reading), dates(reading, ['at']), machine);
  return {
    steps: [
      { type },
      ...steps,
      {
        reason: `ifNull(${firstOf([
          [
            `type NOT IN (${EVENT_TYPES.map((type) => literal(type)).join(', ')})`,
            literal(REASONS.event_type),
          ],
          [`isNull(at)`, literal(REASONS.event_at)],
          [`NOT ${IS_SOMEBODY}`, literal(REASONS.nobody)],
        ])}, '')`,
      },
      { taken: `reason = ''`, event_id: `if(t_event_id != '', t_event_id, ${known})` },
    ],
    stored: { ...stored, event_id: 'String', type: 'LowCardinality(String)' },
    absent,
    plain,
    notes: [
      emailNote(`reason IN ('', ${literal(REASONS.nobody)})`),
      { what: NOTES.machine, where: 'taken AND no_answer' },
    ],
    makes: [
      [
        {
          table: 'events',
          columns: {
            event_id: 'event_id',
            type: 'type',
            at: instant('assumeNotNull(at)'),
            is_machine: 'is_machine',
            ...IDENTIFIED,
          },
        },
      ],
    ],
  };
}
