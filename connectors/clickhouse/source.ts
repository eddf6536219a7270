import { querySource } from '../query.ts';

/** The result of a query in ClickHouse; see the README beside this file. */
export const clickhouse = querySource({
  type: 'clickhouse',
  title: 'ClickHouse',
  dialect: 'clickhouse',
  schemes: ['https', 'http'],
  port: 8443,
  web: true,
  async driver() {
    const [{ connectClickHouse }, { explainClickHouse }] = await Promise.all([
      import('./session.ts'),
      import('./explain.ts'),
    ]);
    return { connect: connectClickHouse, explain: explainClickHouse };
  },
  async inPlace() {
    return (await import('./in-place.ts')).openInPlace;
  },
});
