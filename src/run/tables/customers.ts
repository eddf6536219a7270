import { REASONS, UNREADABLE_COSTS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { given, stored } from './amounts.ts';
import { list } from './cells.ts';
import { dates } from './dates.ts';
import { type Kind, part, type Part, parts, type Reading } from './kind.ts';
import { description, descriptions, emailNote, identity, IS_SOMEBODY } from './people.ts';
import { firstOf } from './sql.ts';

const COSTS = ['acquisition_cost', 'service_cost'] as const;

/** Rows that are customers, as connectors/csv/customers.ts reads them. */
export function customers(reading: Reading): Kind {
  const { meaning, modified_at } = reading;
  const names = Object.keys(meaning.extra);
  const unreadable = COSTS.map((name) => `if(t_${name} != '' AND isNull(${name}), '${name}', '')`);
  const said = names.flatMap((name) => [literal(name), `x_${name}`]);
  const tags = part(reading, { tags: ['tags', list('t_tags'), 'Array(String)', `[]::Array(String)`] });
  const extra: Part = {
    steps:
      names.length > 0 ? [{ extra: `mapFilter((name, text) -> text != '', map(${said.join(', ')}))` }] : [],
    stored: names.length > 0 ? { extra: 'Map(String, String)' } : {},
    absent: {},
  };
  const changed = dates(reading, ['updated_at'], () => 'changed');
  const {
    steps,
    stored: kept,
    absent,
    plain,
  } = parts(
    identity(reading),
    description(reading),
    { ...changed, stored: {} },
    given(reading, COSTS),
    tags,
    extra,
  );
  return {
    steps: [
      ...steps,
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
      ...kept,
      updated_at: 'Nullable(Int64)',
      updated_at_local: 'Bool',
      ...Object.fromEntries(COSTS.map((name) => [name, 'Nullable(Decimal(18, 4))'])),
    },
    absent,
    plain,
    notes: [emailNote()],
    makes: [
      [
        descriptions('assumeNotNull(updated_at)', {
          costs: true,
          tags: meaning.columns.tags !== undefined,
          extra: names,
        }),
      ],
    ],
  };
}
