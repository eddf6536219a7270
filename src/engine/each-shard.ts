import type { Cluster } from './cluster.ts';
import { shardOf } from './definition.ts';
import { SHARD_KEYS } from './shards.ts';

const MARK = '/* each shard */';
const BEGIN = `(${MARK}`;

/**
 * A sub-query that each shard of a cluster can work out for itself, since all that it joins or groups has one sharding
 * key: what stands around it then groups on the shards too, and only states travel. Elsewhere a sub-query like any other.
 */
export function eachShard(sql: string): string {
  return `${BEGIN} ${sql})`;
}

const IN_SUBQUERY = /\b(?:GLOBAL )?(NOT )?IN (?=\(\s*(?:SELECT|WITH)\b)/g;

/**
 * A statement as a cluster is asked it. Its marked sub-queries are put to each shard, of its own part of the tables; what
 * is looked for in another sub-query is worked out once, for all shards. That is said in the statement itself, since a
 * mutation is carried out without the settings it came with, and the setting alone fails on sub-queries of several tables.
 */
export function spread(sql: string, { name, database }: Cluster): string {
  let told = sql.replaceAll(IN_SUBQUERY, 'GLOBAL $1IN ');
  for (let at = told.indexOf(BEGIN); at >= 0; at = told.indexOf(BEGIN, at)) {
    const end = closing(told, at);
    const inner = told
      .slice(at + BEGIN.length, end)
      .replaceAll(MARK, '')
      .replaceAll(IN_SUBQUERY, '$1IN ')
      .replaceAll(/\b(FROM|JOIN) (\w+)\b/g, (whole, word: string, table: string) =>
        table in SHARD_KEYS ? `${word} ${database}.${shardOf(table)}` : whole,
      );
    const asked = `cluster('${name}', view(${inner}))`;
    told = told.slice(0, at) + asked + told.slice(end + 1);
    at += asked.length;
  }
  return told;
}

/** @returns where the bracket that opens there closes */
export function closing(sql: string, open: number): number {
  let depth = 0;
  for (const { 0: sign, index } of sql.slice(open).matchAll(/'(?:[^'\\]|\\.)*'|[()]/g)) {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (depth === 0) return open + index;
  }
  throw new Error('A sub-query for each shard does not end.');
}
