import { z } from 'zod';
import type { Acknowledgement, Change, Destination, DestinationContext } from '../destination.ts';
import { openCatalogue } from './catalogue.ts';
import { checkAccount, tokenExpiry } from './check.ts';
import { deriveLookalikes } from './derive.ts';
import { erasePerson } from './erase.ts';
import { openGraph, type Timing } from './graph.ts';
import { pushChange } from './push.ts';
import { audienceSettings, type FacebookSettings } from './schema.ts';
import { UsersAnswer, type Send } from './upload.ts';

/** Meta answers with its success, or with the audience. */
const Updated = z.object({ success: z.literal(true).optional() });

/** Opens the custom audiences of one ad account. Members can never be read back from Meta. */
export function openFacebook(
  settings: FacebookSettings,
  context: DestinationContext,
  timing: Timing = {},
): Destination {
  const graph = openGraph(settings, context, timing);
  const catalogue = openCatalogue(graph, context.log);

  async function* push(change: Change): AsyncGenerator<Acknowledgement> {
    const { name, remote_id } = change.audience;
    const { is_value_based: valued = false } = await catalogue.get(remote_id, name);
    const upload =
      (edge: 'createUser' | 'createUsersReplace'): Send =>
      (request, attempted) =>
        graph.ask(UsersAnswer, () => graph.audience(remote_id)[edge]([], request), {
          audience: name,
          attempted,
        });
    yield* pushChange(change, {
      valued,
      send: upload('createUser'),
      replace: settings.replace === 'when_cheaper' ? upload('createUsersReplace') : undefined,
      log: (message, fields) => context.log(message, { audience: name, ...fields }),
    });
  }

  return {
    check: () => checkAccount(graph, settings.access_token),
    expiresAt: () => tokenExpiry(graph, settings.access_token),
    find: (audiences) => catalogue.find(audiences),
    create: (name, its) => catalogue.create(name, audienceSettings(its).value !== undefined),

    async rename({ remote_id }, name) {
      let requests = 0;
      await graph.ask(Updated, () => graph.audience(remote_id).update([], { name }), {
        audience: name,
        attempted: () => (requests += 1),
      });
      return { requests };
    },

    async count({ remote_id }) {
      const { approximate_count_lower_bound: lower = 0, approximate_count_upper_bound: upper = lower } =
        await catalogue.read(remote_id);
      // Meta tells a range only, and -1 while it does not tell.
      return { members: Math.max(0, Math.round((lower + upper) / 2)), exact: false };
    },

    derive: (seed) => deriveLookalikes(seed, { graph, catalogue }, settings.orphans),
    erase: (member, audiences) => erasePerson(member, audiences, graph),
    push,
  };
}
