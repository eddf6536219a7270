/** What shops' files bring along, each with what becomes of it: how many orders and customers, and which rows are left out. */
export type Kind = {
  kind: string;
  /** Rows under the header `id,mail,date,sum`, or whole files by name. */
  rows?: string[];
  files?: Record<string, string | Buffer>;
  columns?: Record<string, string>;
  settings?: object;
  job?: object;
  orders: number;
  customers: number;
  /** Money of all customers. */
  revenue?: string;
  /** The rows left out: the line, and part of the reason. */
  rejected?: [number, string][];
  /** Parts of what is told beside that. */
  told?: string[];
};

export const HEADER = 'id,mail,date,sum';
export const COLUMNS = { order_id: 'id', email: 'mail', ordered_at: 'date', total: 'sum' };
export const ANA = '1,ana@example.com,2026-03-02,10.00';
export const BO = '2,bo@example.com,2026-03-03,20.00';
const BOTH = { orders: 2, customers: 2, revenue: '30' };

export const KINDS: Kind[] = [
  { kind: 'a single row', rows: [ANA], orders: 1, customers: 1, revenue: '10' },
  { kind: 'a header only', rows: [], orders: 0, customers: 0, told: ['holds no rows'] },
  { kind: 'an empty file', files: { 'a.csv': '' }, orders: 0, customers: 0, told: ['a.csv is empty'] },
  {
    kind: 'an empty file beside a good one',
    files: { 'a.csv': `${HEADER}\n${ANA}\n`, 'b.csv': '' },
    orders: 1,
    customers: 1,
  },
  { kind: 'no line end at the end', files: { 'a.csv': `${HEADER}\n${ANA}\n${BO}` }, ...BOTH },
  { kind: 'blank lines', files: { 'a.csv': `${HEADER}\n\n${ANA}\n\n\n${BO}\n\n` }, ...BOTH },
  { kind: 'line ends of Windows', files: { 'a.csv': `${HEADER}\r\n${ANA}\r\n${BO}\r\n` }, ...BOTH },
  { kind: 'line ends of old Macs', files: { 'a.csv': `${HEADER}\r${ANA}\r${BO}\r` }, ...BOTH },
  {
    kind: 'ids that repeat',
    rows: [ANA, ANA, '1,ana@example.com,2026-03-02,15.00'],
    orders: 1,
    customers: 1,
    revenue: '15',
    told: ['rows repeat the order before them'],
  },
  {
    kind: 'exports that overlap: of an order in both, the later file has the last word',
    files: {
      'a.csv': `${HEADER}\n${ANA}\n${BO}\n`,
      'b.csv': `${HEADER}\n2,bo@example.com,2026-03-03,25.00\n`,
    },
    orders: 2,
    customers: 2,
    revenue: '35',
  },
  {
    kind: 'several currencies, one of them without a rate',
    files: {
      'a.csv':
        'id,mail,date,sum,cur\n1,ana@example.com,2026-03-02,10.00,EUR\n2,ana@example.com,2026-03-03,100.00,ron\n3,bo@example.com,2026-03-04,50.00,USD\n',
    },
    columns: { ...COLUMNS, currency: 'cur' },
    job: { exchange_rates: { RON: '0.2' } },
    orders: 3,
    customers: 2,
    revenue: '30',
    told: ['1 order in USD counts as a purchase but adds no revenue'],
  },
  {
    kind: 'a currency that is none',
    files: { 'a.csv': `${HEADER},cur\n${ANA},EUR\n${BO},Euro\n` },
    columns: { ...COLUMNS, currency: 'cur' },
    orders: 1,
    customers: 1,
    rejected: [[3, 'the currency is not a code of three letters']],
  },
  {
    kind: 'capitals and spaces in addresses',
    rows: [ANA, '2, ANA@Example.com ,2026-03-03,5.00'],
    orders: 2,
    customers: 1,
    revenue: '15',
  },
  {
    kind: 'cells that are no address',
    rows: [ANA, '2,call me,2026-03-03,5.00'],
    orders: 2,
    customers: 1,
    told: ['cells that are no e-mail address were left out (1)', '1 order belongs to nobody'],
  },
  {
    kind: 'letters that can be written in two ways',
    rows: ['1,ana@exämple.com,2026-03-02,1.00', `2,${'ana@exämple.com'.normalize('NFD')},2026-03-03,2.00`],
    orders: 2,
    customers: 1,
    revenue: '3',
  },
  {
    kind: 'emoji and other scripts',
    rows: ['№7,анна@пример.рф,2026-03-02,10.00', '🛍,bo+🎁@example.com,2026-03-03,20.00'],
    ...BOTH,
  },
  {
    kind: 'dates in the future do not exist yet',
    rows: [ANA, '2,bo@example.com,2027-03-03,20.00'],
    orders: 2,
    customers: 1,
    revenue: '10',
  },
  {
    kind: 'an hour that the clocks leave out, and one they have twice',
    rows: ['1,ana@example.com,2026-03-29 03:30:00,10.00', '2,bo@example.com,2025-10-26 03:30:00,20.00'],
    job: { timezone: 'Europe/Bucharest' },
    ...BOTH,
  },
  {
    kind: 'orders without an address',
    rows: [ANA, '2,,2026-03-03,20.00'],
    orders: 2,
    customers: 1,
    told: ['1 order belongs to nobody', '50 % of its orders have no e-mail address'],
  },
  { kind: 'dates of long ago', rows: [ANA, '2,bo@example.com,1971-01-01,20.00'], ...BOTH },
  {
    kind: 'dates before anything was sold on the internet',
    rows: [ANA, '2,bo@example.com,0026-03-03,20.00'],
    orders: 1,
    customers: 1,
    rejected: [[3, 'the date of the order cannot be read']],
  },
  {
    kind: 'days that no calendar has',
    rows: [ANA, '2,bo@example.com,2026-02-30,20.00'],
    orders: 1,
    customers: 1,
    rejected: [[3, 'the date of the order cannot be read']],
  },
  {
    kind: 'dates in several forms: only the one that is set is read',
    rows: [ANA, '2,bo@example.com,03/02/2026,20.00', '3,cy@example.com,3 March 2026,5.00'],
    orders: 1,
    customers: 1,
    rejected: [
      [3, 'the date of the order cannot be read'],
      [4, 'the date of the order cannot be read'],
    ],
  },
  {
    kind: 'numbers in several forms: only the one that is set is read',
    rows: [ANA, '2,bo@example.com,2026-03-03,"20,00"', '3,cy@example.com,2026-03-03,"1,000.50"'],
    orders: 2,
    customers: 2,
    revenue: '1010.5',
    rejected: [[3, 'total cannot be read as an amount']],
  },
  {
    kind: 'decimal commas',
    files: { 'a.csv': `${HEADER}\n1,ana@example.com,2026-03-02,"1.000,50"\n` },
    settings: { decimal: ',' },
    orders: 1,
    customers: 1,
    revenue: '1000.5',
  },
  {
    kind: 'Latin-1',
    files: { 'a.csv': Buffer.from(`${HEADER}\n1,jos\u00e9@example.com,2026-03-02,10.00\n`, 'latin1') },
    orders: 1,
    customers: 1,
    told: ['read as windows-1252'],
  },
  {
    kind: 'UTF-16 with a byte order mark',
    files: { 'a.csv': Buffer.from(`\uFEFF${HEADER}\n${ANA}\n${BO}\n`, 'utf16le') },
    ...BOTH,
  },
  { kind: 'UTF-8 with a byte order mark', files: { 'a.csv': `\uFEFF${HEADER}\n${ANA}\n${BO}\n` }, ...BOTH },
  {
    kind: 'quotes, separators and line breaks inside cells',
    rows: ['"1","ana@example.com","2026-03-02","10.00"', '"2,""b""\nline",bo@example.com,2026-03-03,20.00'],
    ...BOTH,
  },
  {
    kind: 'a quote that is never closed gives up its own row',
    rows: [ANA, '2,"bo@example.com,2026-03-03,20.00', '3,cy@example.com,2026-03-04,5.00'],
    orders: 2,
    customers: 2,
    revenue: '15',
    rejected: [[3, 'quote']],
  },
  {
    kind: 'a semicolon as separator',
    files: { 'a.csv': `${HEADER}\n${ANA}\n${BO}\n`.replaceAll(',', ';') },
    ...BOTH,
  },
  {
    kind: 'a tab as separator',
    files: { 'a.csv': `${HEADER}\n${ANA}\n${BO}\n`.replaceAll(',', '\t') },
    ...BOTH,
  },
  {
    kind: 'rows with cells missing or too many',
    rows: [ANA, '2,bo@example.com', `${BO},,`, '3,cy@example.com,2026-03-03,20.00,extra'],
    ...BOTH,
    rejected: [
      [3, '2 cells where the header has 4'],
      [5, '5 cells where the header has 4'],
    ],
  },
  {
    kind: 'columns in another order, and more of them',
    files: {
      'a.csv':
        'sum,x,date,mail,id\n10.00,,2026-03-02,ana@example.com,1\n20.00,,2026-03-03,bo@example.com,2\n',
    },
    ...BOTH,
  },
  {
    kind: 'columns that move from file to file',
    files: {
      'a.csv': `${HEADER}\n${ANA}\n`,
      'b.csv': 'mail,id,sum,date\nbo@example.com,2,20.00,2026-03-03\n',
    },
    ...BOTH,
  },
  {
    kind: 'two columns of one name: the first is meant',
    files: { 'a.csv': `${HEADER},sum\n${ANA},99.00\n${BO},99.00\n` },
    ...BOTH,
  },
  {
    kind: 'amounts of zero are purchases',
    rows: [ANA, '2,bo@example.com,2026-03-03,0.00'],
    orders: 2,
    customers: 2,
    revenue: '10',
  },
  {
    kind: 'amounts below zero add nothing',
    rows: [ANA, '2,bo@example.com,2026-03-03,-20.00'],
    orders: 2,
    customers: 2,
    revenue: '10',
  },
  {
    kind: 'no amount at all',
    rows: [ANA, '2,bo@example.com,2026-03-03,'],
    orders: 1,
    customers: 1,
    rejected: [[3, 'the order has no amount']],
  },
  {
    kind: 'odd states do not count, and are named once',
    files: {
      'a.csv': `${HEADER},state\n${ANA},Paid\n${BO},wrapped\n3,cy@example.com,2026-03-03,5.00,CANCELLED\n4,di@example.com,2026-03-03,5.00,on-hold\n`,
    },
    columns: { ...COLUMNS, state: 'state' },
    orders: 4,
    customers: 1,
    revenue: '10',
    told: [
      'orders in an unknown state do not count; name it in `states`: wrapped (1)',
      '3 orders left out: not paid, cancelled or voided (cancelled, on_hold, wrapped)',
    ],
  },
  {
    kind: 'ids that mean something to programs',
    rows: [
      '__proto__,constructor@example.com,2026-03-02,10.00',
      'hasOwnProperty,__proto__@example.com,2026-03-03,20.00',
      'null,null@example.com,2026-03-03,1.00',
      'NaN,nan@example.com,2026-03-03,1.00',
    ],
    orders: 4,
    customers: 4,
    revenue: '32',
  },
  {
    kind: 'formulas stay texts',
    rows: ['=1+1,ana@example.com,2026-03-02,10.00', '@SUM(A1),bo@example.com,2026-03-03,20.00'],
    ...BOTH,
  },
  {
    kind: 'an amount that is a formula',
    rows: [ANA, '2,bo@example.com,2026-03-03,=10+10'],
    orders: 1,
    customers: 1,
    rejected: [[3, 'total cannot be read as an amount']],
  },
  {
    kind: 'ids of 64 bits stay apart to the last digit',
    rows: [
      '9007199254740993,ana@example.com,2026-03-02,10.00',
      '9007199254740992,bo@example.com,2026-03-03,20.00',
      '18446744073709551615,bo@example.com,2026-03-04,1.00',
    ],
    orders: 3,
    customers: 2,
    revenue: '31',
  },
  {
    kind: 'customer ids that are numbers: 7 and 007 are two',
    files: {
      'a.csv': 'id,who,date,sum\n1,7,2026-03-02,10.00\n2,007,2026-03-03,20.00\n3,7,2026-03-04,5.00\n',
    },
    columns: { order_id: 'id', customer_id: 'who', ordered_at: 'date', total: 'sum' },
    orders: 3,
    customers: 2,
    revenue: '35',
  },
  {
    kind: 'several orders of one customer on a day',
    rows: [ANA, '2,ana@example.com,2026-03-02,5.00', '3,ana@example.com,2026-03-02,5.00'],
    orders: 3,
    customers: 1,
    revenue: '20',
  },
  {
    kind: 'rows in no order',
    rows: [BO, '3,ana@example.com,2025-01-01,5.00', ANA],
    orders: 3,
    customers: 2,
    revenue: '35',
  },
];
