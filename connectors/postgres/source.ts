import { querySource } from '../query.ts';

/** The result of a query in PostgreSQL; see the README beside this file. */
export const postgres = querySource({
  type: 'postgres',
  title: 'PostgreSQL',
  dialect: 'postgres',
  schemes: ['postgres', 'postgresql'],
  port: 5432,
  async driver() {
    const [{ connectPostgres }, { explainPostgres }] = await Promise.all([
      import('./session.ts'),
      import('./explain.ts'),
    ]);
    return { connect: connectPostgres, explain: explainPostgres };
  },
});
