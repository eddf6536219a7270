import { createHmac, randomBytes } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';

/**
 * What is left of people who were erased: salted hashes of their identities (`email:…`, `phone:…`,
 * `customer:<source>:<id>`), so that a source which still has them does not bring them back. Nobody can be told from
 * a hash without naming them first.
 */
export type Tombstones = {
  readonly size: number;
  /** Whether one of these identities was erased. */
  covers(identities: readonly string[]): boolean;
  /** The same as SQL, for SQL of a list of identities. */
  coversSql(identities: string): string;
};

type Stored = { salt: string; hash: string };

/** Reads every tombstone of the store. */
export async function readTombstones(engine: Engine): Promise<Tombstones> {
  const rows = await engine.query<Stored>('SELECT DISTINCT salt, hash FROM tombstones');
  const hashes = new Set(rows.map(({ hash }) => hash));
  const salts = [...new Set(rows.map(({ salt }) => salt))];
  return {
    size: hashes.size,
    covers: (identities) =>
      hashes.size > 0 &&
      identities.some((identity) => salts.some((salt) => hashes.has(hashOf(salt, identity)))),
    coversSql(identities) {
      const known = '(SELECT groupArray(hash) FROM (SELECT DISTINCT hash FROM tombstones))';
      const covered = salts.map(
        (salt) => `hasAny(arrayMap(identity -> ${hashSql(salt, 'identity')}, ${identities}), ${known})`,
      );
      return covered.length > 0 ? `(${covered.join(' OR ')})` : 'false';
    },
  };
}

/** Appends tombstones for the identities of one person; all of a store share its first salt. Safe to repeat. */
export async function addTombstones(engine: Engine, identities: readonly string[]): Promise<void> {
  const [first] = await engine.query<Stored>('SELECT salt, hash FROM tombstones ORDER BY at LIMIT 1');
  const salt = first?.salt ?? randomBytes(16).toString('hex');
  const at = new Date().toISOString();
  const rows = identities.map((identity) => ({ salt, hash: hashOf(salt, identity), at }));
  await engine.insert('tombstones', rows, { token: rows.map(({ hash }) => hash).join(' ') });
}

/** RFC 2104: a hash of the key's one pad and a hash of its other pad and the text. The salt is shorter than a block. */
function hashSql(salt: string, text: string): string {
  const pad = (byte: number) => {
    const key = Buffer.alloc(64, 0);
    key.write(salt);
    return `unhex('${Buffer.from(key.map((one) => one ^ byte)).toString('hex')}')`;
  };
  return `lower(hex(SHA256(concat(${pad(0x5c)}, SHA256(concat(${pad(0x36)}, ${text}))))))`;
}

function hashOf(salt: string, identity: string): string {
  return createHmac('sha256', salt).update(identity).digest('hex');
}
