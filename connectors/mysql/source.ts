import { querySource } from '../query.ts';

/** The result of a query in MySQL or MariaDB; see the README beside this file. */
export const mysql = querySource({
  type: 'mysql',
  title: 'MySQL and MariaDB',
  dialect: 'mysql',
  schemes: ['mysql', 'mariadb'],
  port: 3306,
  async driver() {
    const [{ connectMysql }, { explainMysql }] = await Promise.all([
      import('./session.ts'),
      import('./explain.ts'),
    ]);
    return { connect: connectMysql, explain: explainMysql };
  },
});
