import { eachShard } from '../engine/each-shard.ts';
import type { JobDestination } from '../job/load.ts';
import { FACT, FACTS, PARKED_CHANGES } from '../ledger/ledger.ts';
import { memberHash } from '../ledger/member-hash.ts';
import { OFFERED } from '../ledger/offered.ts';
import { consent, toldMembers, valueFields } from './audience-customers.ts';
import { placeSql, type PlannedAudience } from './plan.ts';
import { valueMoved } from './values.ts';

/** SQL: what stands for a member of an audience, and for a customer, over rows with both. */
export const HASH = memberHash('audience', 'member');
export const CUSTOMER_HASH = 'cityHash64(customer)';

/**
 * SQL: the rows that say something of members of an account, by audience instead of `remote_id`. Bind `remote_ids`, and
 * as `of_remote` the indexes of the audiences that have each.
 */
export function ofAudiences(rows: string, columns: string): string {
  return `(SELECT arrayJoin({of_remote:Array(Array(UInt32))}[${placeSql('remote_id', 'remote_ids')}]) AS audience,
        ${columns}
      FROM (${rows}) WHERE remote_id IN {remote_ids:Array(String)})`;
}

/** What a bit says of a customer or a member. */
const BIT = { held_out: 0, segment_held_out: 1, unallowed: 2, nameless: 3, parked_add: 4, parked_remove: 5 };
const has = (bit: keyof typeof BIT) => `bitTest(bits, ${BIT[bit]})`;

/** SQL: a number of these bits, each with the condition for it. */
function bits(conditions: Partial<Record<keyof typeof BIT, string>>): string {
  const terms = Object.entries(conditions).map(
    ([bit, condition]) => `${2 ** BIT[bit as keyof typeof BIT]} * (${condition})`,
  );
  return `toUInt8(${terms.join(' + ') || 0})`;
}

const OPS = ['keep', 'add', 'update', 'remove', 'parked'] as const;
/** Small numbers are grouped in a quarter of the time that texts take. */
const place = (op: (typeof OPS)[number]) => OPS.indexOf(op) + 1;

/** Stands for no value: as a NULL it would be passed over where the newest is looked for. */
const NO_VALUE = 'toDecimal64(-99999999999999, 4)';

/**
 * One row of `plan_keys` for each member of an audience whom it gets, loses or is told anew of, and one that counts all
 * others. Of whom was offered and nothing was heard since it is not known whether it holds them, so those it gets or
 * loses. Customers who cannot be sent are counted under names that no member has.
 */
export function insertKeys(destination: JobDestination, audiences: readonly PlannedAudience[]): string {
  return `INSERT INTO plan_keys (job, run_id, audience, op, key, customer, shared, customers, wanted, held_out,
      without_consent, unreachable)
    SELECT {job:String}, {run:String}, audience, ['${OPS.join(`', '`)}'][op], reinterpretAsFixedString(key),
      max(if(op = ${place('keep')}, 0, customer)), max(inside > 1), sum(of_segment), sum(wanted),
      sum(${has('segment_held_out')}), sum(of_segment * ${has('unallowed')}), sum(of_segment * ${has('nameless')})
    FROM (
      SELECT audience, customer, bits, inside, of_segment, wanted,
        multiIf(wanted AND held AND NOT moved AND NOT doubtful, ${place('keep')},
                wanted, multiIf(${has('parked_add')}, ${place('parked')}, held, ${place('update')}, ${place('add')}),
                held OR doubtful, if(${has('parked_remove')}, ${place('parked')}, ${place('remove')}),
                ${place('keep')}) AS op,
        if(op = ${place('keep')}, toUInt128(0), name) AS key
      FROM (SELECT *, inside > 0 AND NOT ${has('held_out')} AS wanted FROM (${names(destination, audiences)}))
    ) GROUP BY audience, op, key`;
}

/** SQL: what is known of each member of an audience, under the hash that names them. Bind `now_ms` beside what the rows take. */
function names(destination: JobDestination, audiences: readonly PlannedAudience[]): string {
  const ranked = valueFields(destination).length > 0;
  const sent = `nullIf(argMaxIf(held_worth, fact, fact > 0), ${NO_VALUE})`;
  const moved = [
    ...(ranked ? [valueMoved('max(worth)', sent)] : []),
    ...(destination.columns.length > 0
      ? ['argMinIf(hash, whose, is_inside = 1) != argMaxIf(held_hash, fact, fact > 0)']
      : []),
  ];
  // A customer may be in several segments of an audience that holds them together.
  const together = destination.audiences.some((audience) => audience.together);
  return `SELECT name, any(audience) AS audience, groupBitOr(says) AS bits, sum(is_inside) AS inside, max(who) AS customer,
      ${together ? 'uniqExactIf(whose, is_of_segment = 1)' : 'sum(is_of_segment)'} AS of_segment,
      max(fact) % 2 = 1 AS held, max(doubt) > max(fact) AS doubtful, ${moved.join(' OR ') || 'false'} AS moved
    FROM ${eachShard(`
      SELECT audience, ${memberHash('audience', `if(allowed, member, 'without consent')`)} AS name,
        allowed AND member != '' AS sendable, sendable AND NOT held_out AS is_inside, rung = 0 AS is_of_segment,
        toUInt64(0) AS fact, value AS worth, ${NO_VALUE} AS held_worth, texts_hash AS hash, toUInt64(0) AS held_hash,
        customer AS whose, if(is_inside, ${CUSTOMER_HASH}, 0) AS who, ${bits({
          held_out: 'sendable AND held_out',
          segment_held_out: 'sendable AND held_out AND is_of_segment',
          unallowed: 'NOT allowed',
          nameless: 'allowed AND NOT sendable',
        })} AS says, toUInt64(0) AS doubt
      FROM (SELECT *, ${consent(destination)} AS allowed FROM (${toldMembers(destination, audiences)}))
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, fact, NULL, ifNull(value, ${NO_VALUE}), 0, texts_hash, '', 0, ${bits({})}, 0
      FROM ${ofAudiences(`SELECT remote_id, member, value, texts_hash, ${FACT} AS fact FROM ${FACTS} AND result = 'done'`, 'member, value, texts_hash, fact')}
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, 0, NULL, ${NO_VALUE}, 0, 0, '', 0, ${bits({
        parked_add: `parked = 'add'`,
        parked_remove: `parked = 'remove'`,
      })}, 0
      FROM ${ofAudiences(PARKED_CHANGES, 'member, parked')}
      UNION ALL
      SELECT audience, ${HASH}, false, false, false, 0, NULL, ${NO_VALUE}, 0, 0, '', 0, ${bits({})}, seq * 2 + 1
      FROM ${ofAudiences(`SELECT remote_id, member, seq FROM ${OFFERED}`, 'member, seq')}`)}
    GROUP BY name`;
}
