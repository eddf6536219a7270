import { NOTES } from '../../../connectors/index.ts';
import { consent, country, digits, email, few, isPlainEmail, plainEmail } from './cells.ts';
import { instant } from './dates.ts';
import { type Made, type Note, part, type Part, type Reading } from './kind.ts';
import { type Columns, texts } from './sql.ts';

/** Who a row is about. */
export function identity(reading: Reading): Part {
  const { steps, ...rest } = part(reading, {
    customer_id: ['customer_id', 't_customer_id'],
    email: ['email', reading.quick ? plainEmail('t_email') : email('t_email')],
    phone: ['phone', digits('t_phone')],
    no_email: ['email', `t_email != '' AND email = ''`, 'Bool', 'false'],
  });
  const { no_email, ...first } = steps[0]!;
  return {
    ...rest,
    steps: no_email === undefined ? [first] : [first, { no_email }],
    plain: no_email === undefined ? [] : [isPlainEmail('t_email')],
  };
}

const NAMED = ['first_name', 'last_name', 'city', 'region', 'zip', 'country'] as const;
const CONSENTS = {
  email_consent: 'accepts_marketing',
  sms_consent: 'accepts_sms',
  ads_consent: 'accepts_ads',
} as const;
const COSTS = ['acquisition_cost', 'service_cost'];
const FEW = 'LowCardinality(String)';

/** What a row says of the person. */
export function description(reading: Reading): Part {
  return part(reading, {
    first_name: ['first_name', 't_first_name'],
    last_name: ['last_name', 't_last_name'],
    city: ['city', 't_city'],
    region: ['region', 't_region'],
    zip: ['zip', digits('t_zip')],
    country: ['country', country(few('t_country')), FEW],
    ...Object.fromEntries(
      Object.entries(CONSENTS).map(([name, field]) => [
        name,
        [field, consent(few(`t_${field}`)), FEW, "'unknown'"],
      ]),
    ),
  });
}

export const IS_SOMEBODY = `(customer_id != '' OR email != '' OR phone != '')`;

export function emailNote(where = 'true'): Note {
  return { what: NOTES.email, where: `no_email AND ${where}` };
}

/** The person by the identities of the store. */
export const IDENTIFIED: Columns = { customer_id: 'customer_id', email: 'email', phone: 'e164' };

/**
 * Descriptions of people, under the key that `keyed` (src/run/store.ts) gives a description.
 * @param updated_at milliseconds
 * @param more what rows of customers say beyond others: `tags` where they are told at all
 */
export function descriptions(
  updated_at: string,
  more: { costs?: boolean; tags?: boolean; extra?: readonly string[] } = {},
): Made {
  const said = (condition: string) => `if(${condition}, 'x', '-')`;
  const says = [
    ...['email', 'e164', ...NAMED].map((name) => said(`${name} != ''`)),
    ...Object.keys(CONSENTS).map((name) => said(`${name} != 'unknown'`)),
    ...COSTS.map((name) => (more.costs ? said(`isNotNull(${name})`) : "'-'")),
    more.tags ? "'x'" : "'-'",
  ];
  const names = (more.extra ?? []).toSorted();
  const known = `arrayFilter(name -> mapContains(extra, name), ${texts(names)})`;
  const extra = names.length > 0 ? [`arrayStringConcat(${known}, ',')`] : [];
  const key = `multiIf(customer_id != '', concat('customer_id:', customer_id), email != '', concat('email:', email), concat('phone:', e164))`;
  const described = [...NAMED, ...Object.keys(CONSENTS), ...(more.costs ? COSTS : [])];
  const recordKey = `concat(${[...says, ...extra, "' '", key].join(', ')})`;
  return {
    table: 'customers',
    where: `(customer_id != '' OR email != '' OR e164 != '')`,
    newest: {
      of: updated_at,
      says: [
        ...Object.values(IDENTIFIED),
        ...described,
        ...(more.tags ? ['tags'] : []),
        ...(names.length > 0 ? ['extra'] : []),
      ],
    },
    columns: {
      record_key: recordKey,
      ...IDENTIFIED,
      ...Object.fromEntries(described.map((name) => [name, name])),
      // The store tells "no tags" from "nothing known of tags" by one tag without text.
      ...(more.tags ? { tags: `if(empty(tags), [''], tags)` } : {}),
      ...(names.length > 0 ? { extra: 'extra' } : {}),
      updated_at: instant('newest'),
    },
  };
}
