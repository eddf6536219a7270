import { NOTES } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { consent, country, digits, email } from './cells.ts';
import { instant } from './dates.ts';
import type { Made, Note } from './kind.ts';
import type { Columns } from './sql.ts';

/** Who a row is about, and what it says of them. */
export const PERSON: Columns = {
  customer_id: 't_customer_id',
  email: email('t_email'),
  phone: digits('t_phone'),
};

export const DESCRIPTION: Columns = {
  first_name: 't_first_name',
  last_name: 't_last_name',
  city: 't_city',
  region: 't_region',
  zip: digits('t_zip'),
  country: country('t_country'),
  email_consent: consent('t_accepts_marketing'),
  sms_consent: consent('t_accepts_sms'),
  ads_consent: consent('t_accepts_ads'),
};

export const PERSON_STORED = { customer_id: 'String', email: 'String', phone: 'String' };
export const DESCRIPTION_STORED = Object.fromEntries(
  Object.keys(DESCRIPTION).map((name) => [
    name,
    /consent|country/.test(name) ? 'LowCardinality(String)' : 'String',
  ]),
);

export const IS_SOMEBODY = `(customer_id != '' OR email != '' OR phone != '')`;

export function emailNote(where = '1'): Note {
  return { what: NOTES.email, where: `no_email AND ${where}` };
}
export const NO_EMAIL: Columns = { no_email: `t_email != '' AND email = ''` };

/** The person by the identities of the store. */
export const IDENTIFIED: Columns = { customer_id: 'customer_id', email: 'email', phone: 'e164' };

const CONSENTS = ['email_consent', 'sms_consent', 'ads_consent'];
const COSTS = ['acquisition_cost', 'service_cost'];

/**
 * Descriptions of people, under the key that `keyed` (src/run/pull.ts) gives a description.
 * @param updated_at milliseconds
 * @param more what rows of customers say beyond others: `tags` where they are told at all
 */
export function descriptions(
  updated_at: string,
  more: { costs?: boolean; tags?: boolean; extra?: readonly string[] } = {},
): Made {
  const said = (condition: string) => `if(${condition}, 'x', '-')`;
  const says = [
    ...['email', 'e164'].map((name) => said(`${name} != ''`)),
    ...['first_name', 'last_name', 'city', 'region', 'zip', 'country'].map((name) => said(`${name} != ''`)),
    ...CONSENTS.map((name) => said(`${name} != 'unknown'`)),
    ...COSTS.map((name) => (more.costs ? said(`isNotNull(${name})`) : "'-'")),
    more.tags ? "'x'" : "'-'",
  ];
  const names = (more.extra ?? []).toSorted();
  const extra =
    names.length > 0
      ? [`arrayStringConcat(arrayFilter(name -> mapContains(extra, name), ${list(names)}), ',')`]
      : [];
  const key = `multiIf(customer_id != '', concat('customer_id:', customer_id), email != '', concat('email:', email), concat('phone:', e164))`;
  return {
    table: 'customers',
    where: `(customer_id != '' OR email != '' OR e164 != '')`,
    columns: {
      record_key: `concat(${[...says, ...extra, "' '", key].join(', ')})`,
      ...IDENTIFIED,
      ...Object.fromEntries(Object.keys(DESCRIPTION).map((name) => [name, name])),
      ...(more.costs ? Object.fromEntries(COSTS.map((name) => [name, name])) : {}),
      // The store tells "no tags" from "nothing known of tags" by one tag without text.
      ...(more.tags ? { tags: `if(empty(tags), [''], tags)` } : {}),
      ...(names.length > 0 ? { extra: 'extra' } : {}),
      updated_at: instant(updated_at),
    },
  };
}

function list(names: readonly string[]): string {
  return `[${names.map(literal).join(', ')}]`;
}
