import type { Member, PropertyValue } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import type { Told } from '../ledger/ledger.ts';
import type { PageEnds } from '../ledger/offered.ts';
import { platformIds } from '../ledger/platform-ids.ts';
import { wantedSql } from './audience-customers.ts';
import { accountOf, audienceParams, peopleAccountOf, type AudiencePlan } from './plan.ts';
import type { RunContext } from './run.ts';

/** Members are read from the plan in pages, so that a push of any size and length holds none of them in memory. */
const PAGE = 10_000;

export type PlannedOp = 'add' | 'update' | 'remove';

/** A row of a plan: texts are '' and the value null where nothing is known. */
export type MemberRow = Omit<Member, 'key' | 'value'> & Told & { member: string };

const FIELDS = 'member, customer, email, phone, first_name, last_name, city, region, zip, country, value';

const PLANNED = `SELECT ${FIELDS}, texts_hash FROM plan_members WHERE job = {job:String} AND run_id = {run:String}
  AND audience = {audience:UInt32} AND op = {op:String}`;

/**
 * Members of an audience whom the plan adds, tells a new value of, or removes. Where the destination wants the platform's
 * ids of them, those that are known when their page is read. Ends early when the run is asked to stop.
 * @param remote_ids of all audiences the destination has there
 * @param offer is called before the first member of each page
 */
export async function* plannedRows(
  run: RunContext,
  plan: Pick<AudiencePlan, 'destination' | 'index'>,
  op: PlannedOp,
  remote_ids: readonly string[],
  offer: (page: PageEnds) => Promise<void>,
): AsyncGenerator<MemberRow> {
  const params = { run: run.run_id, audience: plan.index, op };
  yield* planPages<MemberRow>(run, plan.destination, PLANNED, params, remote_ids, offer);
}

export function memberOf(row: MemberRow): Member {
  const { member, texts_hash: _hash, ...fields } = row;
  return asMember(member, fields);
}

/**
 * Rows of a plan about members of a destination, in the order of `member`, page by page, with `remote_id` where the
 * destination wants it. While one page is sent the next one is read.
 * @param planned SQL of the rows, with a column `member`
 * @param offer is told the first and the last member of each page before any of it
 */
export async function* planPages<Row extends { member: string }>(
  run: RunContext,
  destination: JobDestination,
  planned: string,
  params: Record<string, unknown>,
  remote_ids: readonly string[],
  offer?: (page: PageEnds) => Promise<void>,
): AsyncGenerator<Row> {
  const account = accountOf(run.job.name, destination);
  const { account: people } = peopleAccountOf(run.job.name, destination);
  const page = `SELECT * FROM (${planned}) WHERE member > {after:String} ORDER BY member LIMIT ${PAGE}`;
  const sql = destination.definition.remembers_ids
    ? `SELECT page.*, ids.platform_id AS remote_id FROM (${page}) AS page
       LEFT JOIN (${platformIds(page)}) AS ids USING (member) ORDER BY member`
    : page;
  const read = (after: string) => {
    const rows = run.engine.query<Row>(sql, { ...account, ...params, people, remote_ids, after });
    // It may fail while nobody waits for it yet, or any more.
    rows.catch(() => {});
    return rows;
  };
  let next: Promise<Row[]> | undefined = read('');
  while (next && !run.signal.aborted) {
    const rows: Row[] = await next;
    next = rows.length < PAGE ? undefined : read(rows.at(-1)!.member);
    const [first, last] = [rows[0], rows.at(-1)];
    if (first && last) await offer?.({ first: first.member, last: last.member });
    for (const row of rows) {
      if (run.signal.aborted) return;
      yield row;
    }
  }
}

/**
 * Everyone who shall be in an audience, with their columns. Read in one go, as for a file: a page at a time would compute the whole
 * segment for each page.
 */
export async function* everyone(
  run: RunContext,
  plan: Pick<
    AudiencePlan,
    'destination' | 'index' | 'segment' | 'holdout' | 'together' | 'value_field' | 'rung'
  >,
): AsyncGenerator<Member> {
  const { columns } = plan.destination;
  const rows = run.engine.stream<Omit<MemberRow, 'texts_hash'> & { texts?: string[] }>(
    `SELECT ${FIELDS}${columns.length > 0 ? ', texts' : ''} FROM (${wantedSql(plan.destination, [plan])}) ORDER BY member`,
    audienceParams(run, [plan]),
  );
  for await (const chunk of rows) {
    for (const { member, texts = [], ...fields } of chunk) {
      const values = columns.map(({ name }, index) => [name, JSON.parse(texts[index]!) as PropertyValue]);
      yield { ...asMember(member, fields), properties: Object.fromEntries(values) };
    }
  }
}

/** A leaver's profile may be gone, but their key still tells the identifier that was sent. */
export function asMember(key: string, fields: object = {}): Member {
  const known = Object.entries(fields).filter(
    ([, value]) => value !== undefined && value !== '' && value !== null,
  );
  const colon = key.indexOf(':');
  return { customer: key, [key.slice(0, colon)]: key.slice(colon + 1), ...Object.fromEntries(known), key };
}
