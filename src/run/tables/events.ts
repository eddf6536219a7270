import { EVENT_TYPES, REASONS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { jsonText, word } from './cells.ts';
import { date, instant } from './dates.ts';
import type { Kind, Reading } from './kind.ts';
import { emailNote, IDENTIFIED, IS_SOMEBODY, NO_EMAIL, PERSON, PERSON_STORED } from './people.ts';
import { firstOf, together } from './sql.ts';

/** Rows that are events, as connectors/csv/columns.ts reads them. */
export function events({ meaning, row }: Reading): Kind {
  const cells = `arrayMap(cell -> ${jsonText('cell')}, [type, ${row.join(', ')}])`;
  // Without an id an event is known by what its row says.
  const known = `substring(lower(hex(SHA1(concat('[', arrayStringConcat(${cells}, ','), ']')))), 1, 24)`;
  return {
    steps: [
      ...together(
        [PERSON, NO_EMAIL],
        [{ type: meaning.event ? literal(meaning.event) : word('t_type') }],
        date('at', 't_at', meaning.dates),
      ),
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
    stored: {
      event_id: 'String',
      type: 'LowCardinality(String)',
      at: 'Nullable(Int64)',
      at_local: 'Bool',
      ...PERSON_STORED,
      no_email: 'Bool',
    },
    dates: ['at'],
    notes: [emailNote(`reason IN ('', ${literal(REASONS.nobody)})`)],
    makes: [
      {
        table: 'events',
        columns: { event_id: 'event_id', type: 'type', at: instant('assumeNotNull(at)'), ...IDENTIFIED },
      },
    ],
  };
}
