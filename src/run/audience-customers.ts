import { createHash } from 'node:crypto';
import type { ConsentRule } from '../../connectors/index.ts';
import { eachShard } from '../engine/each-shard.ts';
import type { FieldName } from '../job/fields.ts';
import type { JobDestination } from '../job/load.ts';
import { facts, MERGED } from '../models/facts.ts';
import { heldOut } from './holdout.ts';
import { FIELDS, placeSql, type PlannedAudience } from './plan.ts';
import { columnTexts, columnValues } from './property-values.ts';
import { withValues } from './values.ts';

const MINE = 'WHERE job = {job:String} AND run_id = {run:String}';

/** What else is asked of customers: SQL, named, over their `segments` and some facts of theirs. */
type More = { sql: string; facts: readonly string[] };

const assigned = (
  which: string,
  more?: More,
) => `(SELECT arrayJoin({places:Array(Array(UInt32))}[arrayJoin(arrayFilter(at -> at > 0,
    arrayMap(name -> ${placeSql('toString(name)', 'names')}, segments)))]) AS place, 0 AS rung, customer${more ? ', segments' : ''}
  FROM assignments ${MINE} ${which})`;

const widened = (which: string, more?: More) => `(SELECT * FROM (
    SELECT arrayJoin(arrayFilter(at -> {audiences:Array(UInt32)}[at] = audience,
      arrayEnumerate({audiences:Array(UInt32)}))) AS place, rung, customer${more ? ', segments' : ''}
    FROM (SELECT audience, rung, customer FROM widened ${MINE} ${which}) AS w
    ${more ? `INNER JOIN (SELECT customer, segments FROM assignments ${MINE} ${which}) AS a USING (customer)` : ''})
  WHERE rung <= {rungs:Array(UInt8)}[place])`;

/** Planning a statement takes the engine longer than a small shop's rows, and by the number of columns it looks at. */
const OF_PROFILE = [...FIELDS.filter((field) => field !== 'customer'), 'email_consent', 'ads_consent'];

function withProfiles(places: typeof assigned, which = '', more?: More): string {
  const profiles = more
    ? facts([...new Set([...OF_PROFILE, ...more.facts])], which)
    : `(SELECT customer, ${OF_PROFILE.join(', ')} FROM profiles ${MINE} ${which})`;
  return `SELECT {audiences:Array(UInt32)}[place] AS audience, {segments:Array(String)}[place] AS segment,
      {holdouts:Array(Float64)}[place] AS share, {value_fields:Array(String)}[place] AS value_field, rung, customer,
      ${heldOut('share')} AS held_out, ${OF_PROFILE.join(', ')}${more ? `, ${more.sql}` : ''}
    FROM ${places(which, more)} AS c INNER JOIN ${profiles} AS p USING (customer)
    ${MERGED}`;
}

/** Customers of the segments that the audiences are of, as SQL that a FROM can name. Bind `audienceParams`. */
export const SEGMENT_CUSTOMERS = eachShard(withProfiles(assigned));

/**
 * Customers of the audiences: those of their segments (rung 0), and who was added to a segment too small. A customer may
 * stand there with several rungs. As SQL that a FROM can name; bind `audienceParams`.
 * @param which SQL that takes some of the customers, before anything is joined; a condition that begins with AND
 */
export function audienceCustomers(
  audiences: readonly Pick<PlannedAudience, 'rung'>[],
  which = '',
  more?: More,
): string {
  const ofSegments = eachShard(withProfiles(assigned, which, more));
  if (!audiences.some(({ rung }) => rung)) return ofSegments;
  return `(SELECT * FROM ${ofSegments} UNION ALL SELECT * FROM ${eachShard(withProfiles(widened, which, more))})`;
}

/**
 * SQL: the rows of `audienceCustomers` with `member`, what the ledger calls the customer, and the `value` of the field
 * that their audience asks for. Bind `audienceParams`.
 */
function audienceMembers(
  destination: JobDestination,
  audiences: readonly Pick<PlannedAudience, 'rung'>[],
  which = '',
  more?: More,
): string {
  const rows = `SELECT *, ${memberKey(destination)} AS member FROM ${audienceCustomers(audiences, which, more)}`;
  return withValues(rows, valueFields(destination), which);
}

/** The fields that audiences of a destination rank their members by. */
export function valueFields(destination: JobDestination): FieldName[] {
  return [...new Set(destination.audiences.flatMap(({ value_field }) => value_field ?? []))];
}

/** SQL: which of several customers stands for a member that they share (a phone of two): who is worth most, then by name. */
export const FIRST = 'value DESC NULLS LAST, customer';

/**
 * SQL: who shall be in the audiences, what they are worth there and what its file says of them (`texts`, JSON by column):
 * with consent and an identifier, one row per audience and member. A member that stands for a held-out customer beside others (a phone of two) is held out. Bind
 * `audienceParams`.
 */
export function wantedSql(
  destination: JobDestination,
  audiences: readonly Pick<PlannedAudience, 'rung'>[],
): string {
  const fields = FIELDS.join(', ');
  const wanted = `SELECT audience, member, ${fields}, value
    FROM (SELECT audience, member, held_out, ${fields}, value FROM (${audienceMembers(destination, audiences)})
          WHERE member != '' AND ${consent(destination)}
          ORDER BY held_out DESC, ${FIRST} LIMIT 1 BY audience, member)
    WHERE NOT held_out`;
  if (destination.columns.length === 0) return wanted;
  return `SELECT wanted.*, texts FROM (${wanted}) AS wanted INNER JOIN (${columnTexts(destination.columns)}) AS told USING (customer)
    ${MERGED}`;
}

/**
 * SQL: the rows of `audienceMembers` with `texts_hash`, which stands for the line of a member in a file of the
 * destination; 0 where it writes none.
 * @param which as `audienceCustomers` takes it
 */
export function toldMembers(
  destination: JobDestination,
  audiences: readonly Pick<PlannedAudience, 'rung'>[],
  which = '',
): string {
  const { columns, settings } = destination;
  if (columns.length === 0)
    return `SELECT *, toUInt64(0) AS texts_hash FROM (${audienceMembers(destination, audiences, which)})`;
  const layout = createHash('sha256')
    .update(JSON.stringify([columns, settings]))
    .digest('hex');
  const { values, facts } = columnValues(columns);
  const more = { sql: `sipHash64('${layout}', ${values.join(', ')}) AS texts_hash`, facts };
  return audienceMembers(destination, audiences, which, more);
}

/** SQL: whether a customer may be sent to a destination, over the profile's fields. */
export function reachable(destination: JobDestination): string {
  return `(${memberKey(destination)} != '' AND ${consent(destination)})`;
}

/** SQL: what the ledger calls a customer at a destination; '' where it takes none of their identifiers. */
export function memberKey(destination: JobDestination): string {
  const cases = destination.definition.identifiers.map(
    (kind) => `${kind} != '', concat('${kind}:', ${kind})`,
  );
  return `multiIf(${cases.join(', ')}, '')`;
}

/** SQL: whether the destination's rule on consent lets a customer be sent. */
export function consent(destination: JobDestination): string {
  const column = `${destination.definition.consent.channel}_consent`;
  const rules: Record<ConsentRule, string> = {
    required: `${column} = 'yes'`,
    not_refused: `${column} != 'no'`,
    ignore: 'true',
  };
  return rules[destination.consent];
}
