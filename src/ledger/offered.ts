import type { Engine } from '../engine/engine.ts';
import type { Account } from './ledger.ts';

/** SQL: members of an account's audiences whom a push took in hand, and when (`seq`, as in the ledger). Bind an Account. */
export const OFFERED = `offered WHERE job = {job:String} AND destination = {destination:String} AND account = {account:String}`;

/** The first and the last member of a page of a plan. */
export type PageEnds = { first: string; last: string };

/**
 * Notes the members of a page of a plan, or of all of it, before any of them is sent. Should the answer about them never reach the ledger
 * (the process is killed, the connection breaks, the disk is full), the platform may hold them or not: the next plan
 * takes them for neither, and adds or removes them whatever the ledger says.
 * @param clock in milliseconds since 1970, before that of any answer
 */
export async function noteOffered(
  engine: Engine,
  audience: Account & { remote_id: string },
  plan: { run_id: string; audience: number; op: string },
  clock: number,
  page?: PageEnds,
): Promise<void> {
  const within = page ? 'AND member >= {first:String} AND member <= {last:String}' : '';
  await engine.command(
    `INSERT INTO offered (job, destination, account, remote_id, member, seq)
     SELECT {job:String}, {destination:String}, {account:String}, {remote_id:String}, member, {clock:UInt64}
     FROM plan_members WHERE job = {job:String} AND run_id = {run_id:String} AND plan_members.audience = {audience:UInt32}
       AND op = {op:String} ${within}`,
    { ...audience, ...plan, clock, ...page },
  );
}
