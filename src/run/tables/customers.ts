import { REASONS, UNREADABLE_COSTS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { amount, stored } from './amounts.ts';
import { list } from './cells.ts';
import { date } from './dates.ts';
import type { Kind, Reading } from './kind.ts';
import {
  DESCRIPTION,
  DESCRIPTION_STORED,
  descriptions,
  emailNote,
  IS_SOMEBODY,
  NO_EMAIL,
  PERSON,
  PERSON_STORED,
} from './people.ts';
import { firstOf, together } from './sql.ts';

const COSTS = ['acquisition_cost', 'service_cost'] as const;

/** Rows that are customers, as connectors/csv/customers.ts reads them. */
export function customers({ meaning, modified_at }: Reading): Kind {
  const extra = Object.keys(meaning.extra);
  const unreadable = COSTS.map((name) => `if(t_${name} != '' AND isNull(${name}), '${name}', '')`);
  const said = extra.flatMap((name) => [literal(name), `x_${name}`]);
  return {
    steps: [
      ...together(
        [PERSON, { ...DESCRIPTION, ...NO_EMAIL }],
        date('changed', 't_updated_at', meaning.dates),
        ...COSTS.map((name) => amount(`given_${name}`, `t_${name}`, meaning.decimal)),
        [
          {
            tags: list('t_tags'),
            extra:
              extra.length > 0 ? `mapFilter((name, text) -> text != '', map(${said.join(', ')}))` : `map()`,
          },
        ],
      ),
      {
        updated_at: `if(t_updated_at = '', ${Date.parse(modified_at)}, changed)`,
        updated_at_local: `t_updated_at != '' AND changed_local`,
        ...Object.fromEntries(
          COSTS.map((name) => [name, stored(`if(given_${name} >= 0, given_${name}, NULL)`)]),
        ),
      },
      {
        left_out: `ifNull(${firstOf([
          [`NOT ${IS_SOMEBODY}`, literal(REASONS.nobody)],
          [`isNull(updated_at)`, literal(REASONS.updated_at)],
        ])}, '')`,
        unreadable: `arrayStringConcat(arrayFilter(name -> name != '', [${unreadable.join(', ')}]), ', ')`,
      },
      {
        reason: `multiIf(left_out != '', left_out, unreadable != '', concat(unreadable, ${literal(UNREADABLE_COSTS)}), '')`,
        taken: `left_out = ''`,
      },
    ],
    stored: {
      ...PERSON_STORED,
      ...DESCRIPTION_STORED,
      no_email: 'Bool',
      updated_at: 'Nullable(Int64)',
      updated_at_local: 'Bool',
      acquisition_cost: 'Nullable(Decimal(18, 4))',
      service_cost: 'Nullable(Decimal(18, 4))',
      tags: 'Array(String)',
      extra: 'Map(String, String)',
    },
    dates: ['updated_at'],
    notes: [emailNote()],
    makes: [
      descriptions('assumeNotNull(updated_at)', {
        costs: true,
        tags: meaning.columns.tags !== undefined,
        extra,
      }),
    ],
  };
}
