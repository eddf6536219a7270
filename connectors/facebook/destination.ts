import { AdAccount, CustomAudience } from 'facebook-nodejs-business-sdk';
import { z } from 'zod';
import type {
  Acknowledgement,
  AudienceRef,
  Change,
  Destination,
  DestinationContext,
  RemoteAudience,
} from '../destination.ts';
import { SyncError } from '../error.ts';
import { withRetries } from '../retry.ts';
import { connect } from './api.ts';
import { explain, problem, type Subject } from './failure.ts';
import { pushChange, UsersAnswer } from './push.ts';
import { API_VERSION, type FacebookSettings } from './schema.ts';
import { nonsense, notPermitted, termsMissing } from './verdict.ts';

/** Audiences per page of a listing; Meta publishes no maximum. */
const PAGE = 100;
/** Operation status of an audience that Meta flagged for its integrity rules. */
const FLAGGED = 471;

const Account = z.object({
  account_id: z.string(),
  name: z.string(),
  user_tasks: z.array(z.string()).optional(),
  tos_accepted: z.record(z.string(), z.number()).optional(),
});
const Audience = z.object({
  id: z.string(),
  name: z.string(),
  subtype: z.string(),
  account_id: z.string().optional(),
  operation_status: z.object({ code: z.number() }).optional(),
  time_created: z.number().default(0),
});
type Audience = z.output<typeof Audience>;
const Created = z.object({ id: z.string() });

const ACCOUNT_FIELDS = Object.keys(Account.shape);
const AUDIENCE_FIELDS = Object.keys(Audience.shape);

/** Opens the custom audiences of one ad account. Members can never be read back from Meta. */
export function openFacebook(settings: FacebookSettings, context: DestinationContext): Destination {
  const api = connect(settings);
  const account = settings.ad_account_id;
  const { signal, backoff_ms } = context;

  async function attempt<T>(subject: Subject, call: () => Promise<T>): Promise<T> {
    const reading = { ...subject, token: settings.access_token, backoff_ms };
    const done = await withRetries(call, { signal, backoff_ms, explain: (error) => explain(error, reading) });
    return done.value;
  }

  // The SDK adds to the objects it is given, so every call gets new ones.
  const adAccount = () => new AdAccount(account, {}, undefined, api);
  const customAudience = (id: string) => new CustomAudience(id, {}, undefined, api);

  async function check(): Promise<string[]> {
    const node = await attempt({ account }, async () =>
      answer(Account, await adAccount().read(ACCOUNT_FIELDS), { account }),
    );
    const tasks = node.user_tasks;
    if (tasks && !tasks.includes('ADVERTISE') && !tasks.includes('MANAGE')) {
      throw problem(notPermitted(account), { account }, 'The token has neither ADVERTISE nor MANAGE there.');
    }
    if (node.tos_accepted?.custom_audience_tos !== 1) throw problem(termsMissing(account), { account });
    await attempt({ account }, async () => adAccount().getCustomAudiences(['id'], { limit: 1 }));
    return [
      `ad account ${account} "${node.name}" can be read (Marketing API ${API_VERSION})`,
      'its custom audiences can be listed',
      'the terms for custom audiences are accepted',
    ];
  }

  async function find(audiences: readonly AudienceRef[]): Promise<Map<string, RemoteAudience>> {
    const found = new Map<string, RemoteAudience>();
    for (const { name, remote_id } of audiences) {
      const known = remote_id ? await byId(remote_id, name) : undefined;
      const audience = known ?? (await attempt({ account }, () => byName(name)));
      if (audience) found.set(name, { remote_id: audience.id });
    }
    return found;
  }

  async function byId(id: string, name: string): Promise<Audience | undefined> {
    const subject = { account, audience: name };
    try {
      const audience = await attempt(subject, async () =>
        answer(Audience, await customAudience(id).read(AUDIENCE_FIELDS), subject),
      );
      return isOurs(audience) ? audience : undefined;
    } catch (error) {
      if (error instanceof SyncError && error.problem.code === 'AUDIENCE_GONE') return undefined;
      throw error;
    }
  }

  /** Names are not unique at Meta: of several, one that can be changed comes first, then the oldest. */
  async function byName(name: string): Promise<Audience | undefined> {
    const filtering = [{ field: 'name', operator: 'EQUAL', value: name }];
    const named: Audience[] = [];
    const page = await adAccount().getCustomAudiences(AUDIENCE_FIELDS, { filtering, limit: PAGE });
    for (;;) {
      for (const node of page) {
        const audience = answer(Audience, node, { account });
        if (audience.name === name && isOurs(audience)) named.push(audience);
      }
      if (!page.hasNext()) break;
      await page.next();
    }
    const flagged = ({ operation_status }: Audience) => (operation_status?.code === FLAGGED ? 1 : 0);
    named.sort((a, b) => flagged(a) - flagged(b) || a.time_created - b.time_created);
    return named[0];
  }

  /** Audiences of other accounts can be shared with this one and listed in it, but not changed from it. */
  function isOurs({ subtype, account_id }: Audience): boolean {
    return subtype === 'CUSTOM' && (account_id === undefined || `act_${account_id}` === account);
  }

  async function create(name: string): Promise<RemoteAudience & { requests: number }> {
    let requests = 0;
    // Creating twice makes two audiences, so every attempt looks first whether an earlier one got through.
    const { id } = await attempt({ account }, async () => {
      const existing = await byName(name);
      if (existing) return existing;
      requests += 1;
      const node: unknown = await adAccount().createCustomAudience([], {
        name,
        subtype: 'CUSTOM',
        customer_file_source: 'USER_PROVIDED_ONLY',
        description: 'Kept up to date by segment-sync',
      });
      return answer(Created, node, { account });
    });
    return { remote_id: id, requests };
  }

  function push(change: Change): AsyncIterable<Acknowledgement> {
    const { name, remote_id } = change.audience;
    const subject = { account, audience: name };
    return pushChange(change, {
      log: (message, fields) => context.log(message, { audience: name, ...fields }),
      send: (request, attempted) =>
        attempt(subject, async () => {
          attempted();
          const node: unknown = await customAudience(remote_id).createUser([], { ...request });
          return answer(UsersAnswer, node, subject);
        }),
    });
  }

  return { check, find, create, push };
}

/** The SDK answers with objects that carry what Meta sent, or with a page's text taken for one. */
function answer<T>(shape: z.ZodType<T>, node: unknown, subject: Subject): T {
  const data = (node as { exportAllData?: () => unknown } | null)?.exportAllData?.();
  const parsed = shape.safeParse(data);
  if (!parsed.success) throw problem(nonsense, subject);
  return parsed.data;
}
