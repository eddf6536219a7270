/**
 * SQL: the platform's own ids of some members, as their newest outcomes told them. Bind an Account, as `remote_ids` the
 * audiences that the destination has there (a member has another id at each account, and not every account has a name),
 * and as `people` the account under which its properties are kept.
 * @param members SQL: which members are asked for, in a column `member`
 */
export function platformIds(members: string): string {
  const told = `platform_id != '' AND member IN (SELECT member FROM (${members}))`;
  return `SELECT member, argMax(platform_id, seq) AS platform_id
    FROM (
      SELECT member, platform_id, seq FROM ledger WHERE job = {job:String} AND destination = {destination:String}
        AND account = {account:String} AND remote_id IN {remote_ids:Array(String)} AND ${told}
      UNION ALL
      SELECT member, platform_id, seq FROM properties WHERE job = {job:String} AND destination = {destination:String}
        AND account = {people:String} AND ${told}
    ) GROUP BY member`;
}
