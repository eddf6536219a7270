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

test('a store made before audiences knew what they are of gets the columns and keeps the audiences', async () => {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path });
  try {
    await createTables(engine);
    await engine.command('ALTER TABLE audiences DROP COLUMN segment, DROP COLUMN settings');
    const audience = { job: 'shop', name: 'Top', remote_id: 'remote-1' };
    await engine.insert('audiences', [audience]);

    await createTables(engine);

    const rows = await engine.query('SELECT job, name, remote_id, segment, settings FROM audiences');
    expect(rows).toEqual([{ ...audience, segment: null, settings: null }]);
  } finally {
    await engine.close();
  }
});
