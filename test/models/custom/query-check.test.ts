import { expect, test } from 'vitest';
import { checkQuery } from '../../../src/models/custom/query-check.ts';
import { openStage } from '../../run/stage.ts';

const stage = openStage();

/** What becomes of a query: the tables it reads, or why it is refused. */
async function verdict(text: string): Promise<string> {
  try {
    const checked = await checkQuery(stage.engine, text);
    return 'refused' in checked ? `refused: ${checked.refused}` : `reads ${checked.tables.join(' ')}`;
  } catch (error) {
    return `no SQL: ${(error as Error).message}`;
  }
}

test.for([
  ['SELECT customer FROM customer_profiles WHERE revenue > 100;', 'customer_profiles'],
  [
    "-- Who it is\nselect customer_id from customer_profiles where country in ('RO', 'DE') limit 10",
    'customer_profiles',
  ],
  [
    `WITH keen AS (SELECT customer, count() AS n, max(day) AS last, sumIf(spent, category = 'Shoes') AS spent
       FROM customer_purchases WHERE day > {as_of:Date32} - INTERVAL 1 YEAR GROUP BY customer HAVING n > 2)
     SELECT customer FROM keen WHERE customer IN (SELECT customer FROM customer_segments WHERE segment LIKE 'lifecycle.%')`,
    'customer_purchases customer_segments',
  ],
  [
    `SELECT p.customer FROM customer_profiles AS p LEFT JOIN customer_purchases AS b USING (customer)
     WHERE lower(extra['age']) != '' AND arrayExists(tag -> tag = 'vip', tags) AND CASE WHEN revenue > 1 THEN 1 ELSE 0 END = 1
     ORDER BY revenue DESC LIMIT 1 BY country`,
    'customer_profiles customer_purchases',
  ],
  [
    'SELECT customer FROM customer_profiles EXCEPT SELECT customer FROM customer_purchases UNION ALL (SELECT customer FROM customer_profiles)',
    'customer_profiles customer_purchases',
  ],
  ["SELECT 'FROM ledger; INTO OUTFILE -- SETTINGS' AS customer", ''],
  [
    'SELECT * EXCEPT (email) FROM customer_profiles WHERE quantile(0.5)(revenue) IS NULL OR first_order BETWEEN toDate(1) AND {as_of:Date32}',
    'customer_profiles',
  ],
  [
    'WITH vip AS (SELECT customer FROM customer_profiles) SELECT customer FROM customer_purchases WHERE customer IN vip',
    'customer_profiles customer_purchases',
  ],
] as const)('%s may be asked', async ([text, tables]) => {
  expect(await verdict(text)).toBe(`reads ${tables}`);
});

test.for([
  ['a table of the store', 'SELECT email AS customer FROM customers'],
  ['the profiles of other jobs and runs', 'SELECT customer FROM profiles'],
  ['a table of another database', 'SELECT name AS customer FROM system.tables'],
  ['the database in which names are files', 'SELECT * FROM default.customer_profiles'],
  ['a file by its name', 'SELECT * FROM "/etc/passwd"'],
  ['a file by its name in the other quotes', 'SELECT * FROM `/etc/passwd`'],
  ['a file by a table function', "SELECT * FROM file('/etc/passwd')"],
  ['a file by a function', "SELECT file('/etc/passwd') AS customer"],
  ['a file by a quoted function', "SELECT `file`('/etc/passwd') AS customer"],
  [
    'a file in a subquery of a subquery',
    "SELECT customer FROM (SELECT customer FROM (SELECT file('/etc/passwd') AS customer))",
  ],
  ['a file in a WITH', "WITH file('/etc/passwd') AS f SELECT f AS customer"],
  ['a file in a window', "SELECT row_number() OVER (ORDER BY file('/etc/passwd')) AS customer"],
  [
    'a file in a named window',
    "SELECT row_number() OVER w AS customer FROM customer_profiles WINDOW w AS (ORDER BY file('/etc/passwd'))",
  ],
  ['a file by a transformer of columns', 'SELECT * APPLY file FROM customer_profiles'],
  ['a file by a lambda of one', 'SELECT * APPLY (name -> file(name)) FROM customer_profiles'],
  [
    'a file put in place of a column',
    "SELECT * REPLACE (file('/etc/passwd') AS customer) FROM customer_profiles",
  ],
  [
    'a file in the order of rows',
    "SELECT customer FROM customer_profiles ORDER BY customer WITH FILL FROM file('x') TO 5",
  ],
  ['an address on the network', "SELECT * FROM url('http://127.0.0.1/x')"],
  ['another server', "SELECT * FROM remote('127.0.0.1', 'segment_sync.ledger')"],
  ['a look-up of a name', "SELECT reverseDNSQuery('127.0.0.1') AS customer"],
  ['a dictionary', "SELECT dictGet('d', 'a', 1) AS customer"],
  ['several tables at once', "SELECT * FROM merge(currentDatabase(), 'customers')"],
  ['rows out of nothing', 'SELECT toString(number) AS customer FROM numbers(10)'],
  ['a table after IN', 'SELECT customer FROM customer_profiles WHERE customer IN customers'],
  ['a table after IN, in brackets', 'SELECT customer FROM customer_profiles WHERE customer IN (customers)'],
  [
    'a table of a database after IN',
    'SELECT customer FROM customer_profiles WHERE customer IN segment_sync.customers',
  ],
  ['a table after NOT IN', 'SELECT customer FROM customer_profiles WHERE customer NOT IN `ledger`'],
  [
    'a table in a place that the tree may not show',
    'SELECT customer FROM customer_profiles LIMIT 1 BY customer IN customers',
  ],
  ['a name of its own that a table has', 'WITH ledger AS (SELECT 1) SELECT * FROM ledger'],
  ['whether a column is there', "SELECT hasColumnInTable('segment_sync', 'ledger', 'member') AS customer"],
  ['a setting', "SELECT getSetting('max_threads') AS customer"],
  ['settings of its own', 'SELECT customer FROM customer_profiles SETTINGS max_threads = 1'],
  [
    'settings in a subquery',
    'SELECT customer FROM (SELECT customer FROM customer_profiles SETTINGS readonly = 0)',
  ],
  ['the clock', 'SELECT customer FROM customer_profiles WHERE last_order > today() - 30'],
  ['chance', 'SELECT customer FROM customer_profiles WHERE rand() % 2 = 0'],
  ['a pause', 'SELECT sleep(3) AS customer'],
  ['writing a file', "SELECT customer FROM customer_profiles INTO OUTFILE '/tmp/out'"],
  ['writing a file past a bracket', "SELECT 1) INTO OUTFILE '/tmp/out' FORMAT CSV --"],
  ['another statement past a bracket', 'SELECT 1)) UNION ALL SELECT * FROM ((SELECT 2'],
  ['a format', 'SELECT customer FROM customer_profiles FORMAT CSV'],
  ['two statements', 'SELECT customer FROM customer_profiles; DROP TABLE ledger'],
  ['no SELECT', 'DROP TABLE ledger'],
  ['an insert', 'INSERT INTO ledger SELECT 1'],
  ['an explanation', 'EXPLAIN SELECT 1'],
  ['a plan as rows', 'SELECT * FROM (EXPLAIN SELECT 1)'],
  ['a value that is not bound', 'SELECT {job:String} AS customer'],
  ['a part of a name', 'SELECT customer FROM customer_profiles_of_others, "a\\nb"'],
  ['nothing', '-- Nobody'],
  ['a text without end', "SELECT 'customer"],
] as const)('%s may not', async ([, text]) => {
  expect(await verdict(text)).toMatch(/^(refused|no SQL): /);
});
