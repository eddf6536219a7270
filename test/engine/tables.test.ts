import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { stateDir } from './state-dir.ts';

test('a store made before the ledger knew ids and values gets their columns and keeps its facts', async () => {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path });
  try {
    await createTables(engine);
    await engine.command('ALTER TABLE ledger DROP COLUMN platform_id, DROP COLUMN value');
    const fact = { job: 'shop', member: 'email:a', op: 'add', result: 'done', seq: '1' };
    await engine.insert('ledger', [fact]);

    await Promise.all([createTables(engine), createTables(engine)]);

    const rows = await engine.query('SELECT job, member, op, result, seq, platform_id, value FROM ledger');
    expect(rows).toEqual([{ ...fact, platform_id: '', value: null }]);
  } finally {
    await engine.close();
  }
});
