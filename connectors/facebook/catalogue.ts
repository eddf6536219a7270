import { z } from 'zod';
import type { AudienceRef, RemoteAudience } from '../destination.ts';
import { SyncError } from '../error.ts';
import { Audience, AUDIENCE_FIELDS, isFlagged, standingOf } from './audience.ts';
import type { Graph } from './graph.ts';
import { sensitiveWord } from './names.ts';
import type { Log } from './outcome.ts';

/** Audiences per page of a listing; Meta publishes no maximum. */
const PAGE = 100;
/** How an audience or lookalike of ours is told from one that a person made. */
export const MADE_BY_US = 'Kept up to date by segment-sync';

const Created = z.object({ id: z.string() });
const Page = z.array(Audience);

export type Catalogue = ReturnType<typeof openCatalogue>;

/** The audiences of the ad account: listed once, then remembered together with what this run makes. */
export function openCatalogue(graph: Graph, log: Log) {
  const { account } = graph;
  const known = new Map<string, Audience>();
  const made = new Map<string, Audience>();
  let listed = false;

  /** @param turn makes the call for one page */
  async function list(turn: (call: () => Promise<unknown>) => Promise<Audience[]>, filtering?: unknown[]) {
    const params = { limit: PAGE, ...(filtering ? { filtering } : {}) };
    const cursor = await graph.adAccount().getCustomAudiences(AUDIENCE_FIELDS, params, false);
    const audiences: Audience[] = [];
    while (cursor.hasNext()) {
      audiences.push(...(await turn(async () => [...((await cursor.next()) as object[])])));
    }
    return audiences;
  }

  /** Everything in the ad account. @param anew whether to ask again what was listed before */
  async function all(anew = false): Promise<Map<string, Audience>> {
    if (listed && !anew) return known;
    const audiences = await list((call) => graph.ask(Page, call));
    known.clear();
    // What was made a moment ago may not be listed yet.
    for (const audience of [...made.values(), ...audiences]) known.set(audience.id, audience);
    listed = true;
    return known;
  }

  function remember(audience: Audience): void {
    made.set(audience.id, audience);
    known.set(audience.id, audience);
  }

  /** One audience as it is now. @throws SyncError `AUDIENCE_GONE` where it does not exist */
  async function read(id: string, name?: string): Promise<Audience> {
    const audience = await graph.ask(Audience, () => graph.audience(id).read(AUDIENCE_FIELDS), {
      audience: name ?? id,
    });
    known.set(id, audience);
    return audience;
  }

  async function readIfThere(id: string, name: string): Promise<Audience | undefined> {
    try {
      return await read(id, name);
    } catch (error) {
      const gone = error instanceof SyncError && error.problem.code === 'AUDIENCE_GONE';
      // One that is only too new to be known everywhere is worth another try.
      if (gone && error.retry === 'never') return undefined;
      throw error;
    }
  }

  /** Audiences of other accounts can be shared with this one and listed in it, but not changed from it. */
  function isOurs({ subtype, account_id }: Audience): boolean {
    return subtype === 'CUSTOM' && (account_id === undefined || `act_${account_id}` === account);
  }

  /** Names are not unique at Meta: of several, one that can be changed comes first, then the oldest. */
  function byName(audiences: Iterable<Audience>, name: string): Audience | undefined {
    const named = [...audiences].filter((audience) => audience.name === name && isOurs(audience));
    return named.toSorted(
      (a, b) => Number(isFlagged(a)) - Number(isFlagged(b)) || a.time_created - b.time_created,
    )[0];
  }

  return {
    all,
    read,

    /** What is known of an audience, asked for only where nothing is. */
    get: async (id: string, name: string): Promise<Audience> => known.get(id) ?? (await read(id, name)),

    remember,
    forget(id: string): void {
      made.delete(id);
      known.delete(id);
    },

    async find(audiences: readonly AudienceRef[]): Promise<Map<string, RemoteAudience>> {
      const found = new Map<string, RemoteAudience>();
      if (audiences.length === 0) return found;
      const everything = await all(true);
      for (const { name, remote_id } of audiences) {
        // One just made may be missing from the list for a while; taken for gone, it would be made twice.
        const remembered = remote_id
          ? (everything.get(remote_id) ?? (await readIfThere(remote_id, name)))
          : undefined;
        const audience = remembered && isOurs(remembered) ? remembered : byName(everything.values(), name);
        if (!audience) continue;
        found.set(name, { remote_id: audience.id });
        const { state, note } = standingOf(audience);
        if (note && state !== 'passing') log('audience has a problem at Meta', { audience: name, note });
      }
      return found;
    },

    /** Creating twice makes two audiences, so every attempt looks first whether an earlier one got through. */
    async create(name: string, valued: boolean): Promise<RemoteAudience & { requests: number }> {
      const word = sensitiveWord(name);
      if (word) log('Meta may flag the audience for a word in its name', { audience: name, word });
      let requests = 0;
      const named = [{ field: 'name', operator: 'EQUAL', value: name }];
      const { id } = await graph.ask(Created, async () => {
        const audiences = await list(async (call) => Page.parse(await call()), named);
        const alike = audiences.filter(({ is_value_based = false }) => is_value_based === valued);
        const existing = byName(alike, name);
        if (existing) return existing;
        requests += 1;
        return graph.adAccount().createCustomAudience([], {
          name,
          subtype: 'CUSTOM',
          customer_file_source: 'USER_PROVIDED_ONLY',
          description: MADE_BY_US,
          ...(valued ? { is_value_based: true } : {}),
        });
      });
      remember(Audience.parse({ id, name, subtype: 'CUSTOM', is_value_based: valued }));
      return { remote_id: id, requests };
    },
  };
}
