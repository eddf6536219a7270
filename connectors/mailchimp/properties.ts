import { batches } from '../batches.ts';
import type {
  DestinationContext,
  Member,
  Outcome,
  PropertiesAcknowledgement,
  PropertyValue,
} from '../destination.ts';
import { sideBySide } from '../side-by-side.ts';
import { CONNECTIONS, type Api } from './api.ts';
import type { Place } from './explain.ts';
import { mergeFields, valueFor } from './merge-fields.ts';
import { addressOf } from './newcomers.ts';
import type { MergeField } from './replies.ts';
import { MEMBERS_PER_CALL } from './schema.ts';
import { updates, type Row } from './updates.ts';

type Dropped = { property: string; reason: string };

/**
 * Stores merge fields of contacts who exist, 500 at a time. Neither status nor tags are sent, so nobody is made and
 * nobody's change. A field that Mailchimp refuses for somebody is left away for them, and they join a later call.
 */
export async function* setProperties(
  api: Api,
  list_id: string,
  log: DestinationContext['log'],
  members: AsyncIterable<Member>,
  stop?: AbortSignal,
): AsyncGenerator<PropertiesAcknowledgement> {
  const place: Place = { where: `mailchimp list ${list_id}` };
  const fields = mergeFields(api, list_id, place, log);
  const update = updates(api, list_id, place);
  const again: Row[] = [];
  const pace = { most: stop ? CONNECTIONS : 1, stop };

  async function* rows(): AsyncGenerator<Row> {
    for await (const member of members) {
      yield* again.splice(0);
      yield { key: member.key, address: addressOf(member), properties: member.properties ?? {} };
    }
    yield* again.splice(0);
  }
  async function* allAgain(): AsyncGenerator<Row> {
    while (again.length > 0) yield* again.splice(0);
  }

  async function write(batch: readonly Row[]): Promise<PropertiesAcknowledgement> {
    const { fields: known, refused, requests } = await fields.ready(valuesOf(batch));
    const dropped: Dropped[] = [];
    const filled = batch.map((row) => ({ ...row, merge_fields: fill(row, known, refused, dropped) }));
    const sendable = filled.filter(({ merge_fields }) => Object.keys(merge_fields).length > 0);
    const updated = filled
      .filter((row) => !sendable.includes(row))
      .map(({ key }): Outcome => ({ key, result: 'done' }));
    const sent = await update(sendable);
    for (const { row, property, reason } of sent.refused) {
      dropped.push({ property, reason });
      const { [property]: _, ...properties } = row.properties;
      again.push({ ...row, properties });
    }
    return {
      updated: [...updated, ...sent.outcomes],
      dropped: counted(dropped),
      requests: requests + sent.requests,
    };
  }

  yield* sideBySide(batches(rows(), MEMBERS_PER_CALL), write, pace);
  const left = () => again.length > 0 && !stop?.aborted;
  while (left()) yield* sideBySide(batches(allAgain(), MEMBERS_PER_CALL), write, pace);
}

function valuesOf(batch: readonly Row[]): Map<string, PropertyValue[]> {
  const values = new Map<string, PropertyValue[]>();
  for (const { properties } of batch) {
    for (const [tag, value] of Object.entries(properties))
      values.set(tag, [...(values.get(tag) ?? []), value]);
  }
  return values;
}

/** What of a row can be sent: a field that could not be made or does not take the value is dropped. */
function fill(
  { properties }: Row,
  fields: ReadonlyMap<string, MergeField>,
  refused: ReadonlyMap<string, string>,
  dropped: Dropped[],
): Record<string, string | number> {
  const filled: Record<string, string | number> = {};
  for (const [property, value] of Object.entries(properties)) {
    const field = fields.get(property);
    const result = field ? valueFor(field, value) : { reason: refused.get(property) };
    if ('value' in result) filled[property] = result.value;
    // What has no field yet holds nothing to clear.
    else if (result.reason !== undefined && value !== null) dropped.push({ property, reason: result.reason });
  }
  return filled;
}

/** The same field dropped for the same reason is one line. */
function counted(dropped: readonly Dropped[]): PropertiesAcknowledgement['dropped'] {
  const groups = Map.groupBy(dropped, ({ property, reason }) => JSON.stringify([property, reason]));
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, members: 1 + others.length }] : [],
  );
}
