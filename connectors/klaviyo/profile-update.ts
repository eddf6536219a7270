import { z } from 'zod';
import type { Outcome } from '../destination.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Api } from './api.ts';
import { refusalsIn, type Call } from './explain.ts';
import { afterRefusal, type Dropped, type Entry } from './profile.ts';
import type { Written } from './properties.ts';
import { Refusals, type Refusal } from './replies.ts';

/** Klaviyo takes 75 updates a second, and each takes part of one. */
const AT_A_TIME = 25;

const Answer = z.union([z.object({ data: z.object({ id: z.string() }) }), Refusals]);

/** Updates profiles one by one, by id: the only call that clears properties, and it makes no profile. */
export async function updateEach(api: Api, where: string, entries: readonly Entry[]): Promise<Written> {
  const result: Written = { outcomes: [], dropped: [], requests: 0 };
  const updates = sideBySide(each(entries), (entry) => update(api, where, entry), { most: AT_A_TIME });
  for await (const { outcome, dropped, requests } of updates) {
    result.outcomes.push(outcome);
    result.dropped.push(...dropped);
    result.requests += requests;
  }
  return result;
}

/** A field Klaviyo refuses is left away; each round takes one out. */
async function update(
  api: Api,
  where: string,
  entry: Entry,
): Promise<{ outcome: Outcome; dropped: Dropped[]; requests: number }> {
  const call: Call = { where, what: 'update a profile', scopes: ['profiles:write'] };
  const dropped: Dropped[] = [];
  let total = 0;
  for (let left = entry; ;) {
    const { value, requests } = await api.ask(call, Answer, () => send(api, left));
    total += requests;
    if ('data' in value) {
      const outcome: Outcome = { key: left.key, result: 'done', remote_id: left.id };
      return { outcome, dropped, requests: total };
    }
    const next = afterRefusal(left, value.errors[0] as Refusal);
    dropped.push(...next.dropped);
    if ('outcome' in next) return { outcome: next.outcome, dropped, requests: total };
    left = next.entry;
  }
}

async function send(api: Api, { id = '', attributes }: Entry): Promise<unknown> {
  try {
    const { response } = await api.profiles.updateProfile(id, { data: { type: 'profile', id, attributes } });
    return response.data;
  } catch (error) {
    const errors = refusalsIn(error);
    if (errors.length === 0) throw error;
    return { errors };
  }
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
