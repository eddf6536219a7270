import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';

/** Empties the file of marks of a table's newest part, as a disk that is full may leave it. */
export async function damage(engine: Engine, table: string): Promise<void> {
  const [part] = await engine.query<{ path: string }>(
    `SELECT path FROM system.parts WHERE table = {table:String} AND active ORDER BY modification_time DESC, name DESC LIMIT 1`,
    { table },
  );
  const marks = readdirSync(part!.path).find((name) => name.includes('mrk'))!;
  truncateSync(join(part!.path, marks), 0);
}
