import fc from 'fast-check';
import type { Field } from '../../../connectors/index.ts';

/** Cells as people and programs write them, and as they should not. */

const ODD = [
  '',
  ' ',
  '\t',
  '\u00a0x\u00a0',
  '\ufeffx',
  '\u2028',
  '\0',
  '\x1f',
  '\x7f',
  '\\',
  '\\N',
  '\\n',
  'NULL',
  'null',
  "'",
  "'0123",
  "''x",
  '"',
  'a"b',
  '""',
  'a\nb',
  'a\r\nb',
  'a,b',
  ' , ,',
  ',',
  ';',
  '{}',
  '[1]',
  'a b',
  '%s',
  '{x:String}',
  '=1+1',
  '+49 30 1',
  '-5',
  '@x',
  '__proto__',
  'constructor',
  'toString',
  '9007199254740993',
  '18446744073709551616',
  'İstanbul',
  'ß',
  'ẞ',
  'ΑΣ',
  'ſ',
  '\u212a',
  'ﬁ',
  '😀',
  'e\u0301',
  'Žluťoučký',
  '中文',
  '\u{1f1e9}\u{1f1ea}',
];

/** Any text; long ones make cells of several lines and alphabets. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ODD) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 3, arbitrary: fc.constantFrom('Ana', 'Müller', 'Sandals, red', 'a,b , a', 'VIP', '001') },
);

/** A cell that mostly says what its column is for, sometimes in white space. */
function mostly(arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary },
    { weight: 1, arbitrary: arbitrary.map((cell) => ` ${cell}\u00a0`) },
    { weight: 1, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: text },
  );
}

const digits = (most: number) => fc.nat({ max: most }).map(String);
const two = (most: number) =>
  fc
    .tuple(fc.nat({ max: most }), fc.boolean())
    .map(([n, pad]) => (pad ? String(n).padStart(2, '0') : String(n)));
const year = fc.oneof(
  fc.constantFrom(
    '1899',
    '1900',
    '1901',
    '1969',
    '1970',
    '2298',
    '2299',
    '2300',
    '69',
    '70',
    '99',
    '00',
    '0026',
    '26',
    '226',
  ),
  fc.integer({ min: 1995, max: 2030 }).map(String),
);
const day = fc
  .tuple(year, two(13), two(32), fc.constantFrom('-', '/', '.'), fc.constantFrom('-', '/', '.', ''))
  .map(([y, m, d, first, second]) => [
    `${y}${first}${m}${second || first}${d}`,
    `${d}${first}${m}${second || first}${y}`,
    `${m}${first}${d}${second || first}${y}`,
  ]);
const time = fc
  .tuple(
    fc.constantFrom('T', ' ', ', ', '  ', ',', 't'),
    two(25),
    two(61),
    fc.constantFrom('', ':00', ':59', ':60', ':07.5', ':07,123456789', ':07.1234567890', ':7'),
    fc.constantFrom('', '', '', ' AM', 'pm', ' p.m.', ' a.m'),
    fc.constantFrom('', '', '', 'Z', ' UTC', ' gmt', '+02:00', ' +0200', '-11', '+99:99', ' +2'),
  )
  .map((parts) => parts.join(''));
/** Hours that clocks leave out or count twice, and good dates near them. */
const clockChanges = fc
  .tuple(
    fc.constantFrom(
      '2026-03-29',
      '2026-10-25',
      '2018-11-04',
      '2018-02-17',
      '2011-12-30',
      '2026-04-05',
      '2026-10-04',
      '2024-02-29',
    ),
    fc.constantFrom(
      '00:00',
      '00:30',
      '01:15',
      '01:59:59.999',
      '02:00',
      '02:30',
      '02:45:10',
      '03:00',
      '03:30',
      '23:59',
    ),
  )
  .map(([date, clock]) => `${date} ${clock}`);
const date = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(day, fc.nat(2), fc.oneof(fc.constant(''), time))
      .map(([all, which, clock]) => all[which]! + clock),
  },
  { weight: 2, arbitrary: clockChanges },
  {
    weight: 4,
    arbitrary: fc
      .date({ min: new Date('2015-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString()),
  },
);
/** In the order that the settings say, or another. */
const dated = (order: string) =>
  fc.oneof(
    date,
    fc
      .tuple(
        fc.integer({ min: 1, max: 28 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2019, max: 2027 }),
        fc.oneof(fc.constant(''), time),
      )
      .map(
        ([d, m, y, clock]) =>
          ({
            dmy: `${d}.${m}.${y}`,
            mdy: `${m}/${d}/${y}`,
            ymd: `${y}/${m}/${d}`,
            iso: `${y}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`,
          })[order]! + clock,
      ),
  );

const whole = fc.oneof(
  digits(2000),
  fc.constantFrom(
    '0',
    '000',
    '0012',
    '1234567',
    '12345678901234',
    '123456789012345',
    '00000000000001',
    '000000000000001',
    '99999999999999',
  ),
  fc
    .tuple(
      digits(999),
      fc.constantFrom(',', '.', "'", '’', ' ', '\u00a0', '\u202f'),
      fc.constantFrom('000', '123', '12'),
    )
    .map((parts) => parts.join('')),
);
const fraction = fc.constantFrom(
  '',
  '',
  '5',
  '50',
  '99',
  '1234',
  '12345',
  '99995',
  '00005',
  '00004999',
  '999999999999',
);
const money = fc
  .tuple(
    fc.constantFrom('', '', '', '-', '+', '€', '-$', '£ ', '- ', '-€ -', '$+'),
    whole,
    fraction,
    fc.constantFrom('.', ','),
    fc.constantFrom('', '', '', ' €', '€', '$$', ' EUR', '%'),
  )
  .map(
    ([sign, digitsBefore, after, decimal, currency]) =>
      `${sign}${digitsBefore}${after && decimal + after}${currency}`,
  );

const id = fc.oneof(
  digits(30),
  fc.constantFrom('#1001', '#1002', '9007199254740993', '__proto__', 'ÄÖ-1', ' 7'),
);
const consent = fc.constantFrom(
  'yes',
  'No',
  'TRUE',
  '0',
  'opted-in',
  'Not Subscribed',
  'pending',
  'maybe',
  'subscribed',
);

/** Cells of a field, under the settings `dates`. */
export function cellOf(field: Field | 'extra' | 'other', dates: string): fc.Arbitrary<string> {
  switch (field) {
    case 'order_id':
    case 'customer_id':
    case 'event_id':
    case 'line_id':
    case 'product_id':
    case 'sku':
      return mostly(id);
    case 'email':
      return mostly(
        fc.constantFrom(
          'Ana@Example.com',
          'b@c.d',
          'b@@c',
          'a b@c.d',
          'ÄNA@ex.org',
          'İ@x.y',
          '@x',
          'x@',
          'x:@y:',
          'a\n@b.c',
        ),
      );
    case 'phone':
      return mostly(
        fc.constantFrom(
          "'+4930123456",
          '030 123456',
          '0721 234 567',
          '+40721234567',
          'tel. 7',
          '0',
          '(555) 123-4567',
          '+1 212 555 0123',
        ),
      );
    case 'country':
      return mostly(fc.constantFrom('de', 'RO', 'us', 'Germany', 'U\u212a', 'ſt', 'XX', 'gb'));
    case 'currency':
      return mostly(fc.constantFrom('EUR', 'usd', 'Ron', 'EU', 'euro', '\u212aEU'));
    case 'state':
      return mostly(
        fc.constantFrom(
          'paid',
          'Partially Refunded',
          'refunded',
          'PENDING',
          'on-hold',
          'voided',
          'cancelled',
          'test',
          'bezahlt',
          'Storniert!',
          'odd  word',
          'größe',
          'constructor',
        ),
      );
    case 'type':
      return mostly(fc.constantFrom('visit', 'Open', 'CLICK', 'buy', ' view', 'cart'));
    case 'is_machine':
      return mostly(fc.constantFrom('true', 'FALSE', '1', '0', 'Yes', 'no', 't', 'robot', '2'));
    case 'accepts_marketing':
    case 'accepts_sms':
    case 'accepts_ads':
      return mostly(consent);
    case 'ordered_at':
    case 'cancelled_at':
    case 'updated_at':
    case 'at':
      return mostly(dated(dates));
    case 'goods':
    case 'total':
    case 'tax':
    case 'shipping':
    case 'discount':
    case 'refunded':
    case 'acquisition_cost':
    case 'service_cost':
    case 'quantity':
    case 'net':
    case 'price':
      return mostly(
        fc.oneof(
          money,
          digits(300),
          fc.tuple(digits(300), fc.constantFrom('.5', '.50', ',25', '.1234')).map((parts) => parts.join('')),
        ),
      );
    default:
      return text;
  }
}
