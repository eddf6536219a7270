import type { Consent, Customer as CustomerRecord } from '../records.ts';
import { consentOf } from '../words.ts';
import type { Address, Customer, Meta, Order } from './replies.ts';
import type { Settings } from './schema.ts';

/** What is left of somebody who was erased: this address, "[deleted]" in the shop's language, zeros for digits. */
const ERASED_EMAIL = 'deleted@site.invalid';
const isErased = (value: string) => value === ERASED_EMAIL || /^\[.*\]$/.test(value);

/** Who ordered, without what an erasure left. `customer_id` 0 is a guest. */
export function buyerOf({ customer_id, billing, shipping }: Order) {
  return {
    customer_id: customer_id > 0 ? String(customer_id) : undefined,
    email: known(billing.email)?.toLowerCase(),
    phone: phoneOf(billing),
    country: countryOf(billing.country) ?? countryOf(shipping.country),
  };
}

/** The buyer as an order describes them, at its date; undefined where it names nobody. */
export function describedBuyer(
  order: Order,
  ordered_at: string,
  settings: Settings,
): CustomerRecord | undefined {
  const { customer_id, email, phone, country } = buyerOf(order);
  if (!customer_id && !email && !phone) return undefined;
  return {
    customer_id,
    email,
    phone,
    ...placeOf(order.billing),
    country,
    ...saidInMeta(order.meta_data, settings),
    updated_at: ordered_at,
  };
}

/** An account. Its own address comes before the one on its bills. */
export function describedAccount(customer: Customer, settings: Settings): CustomerRecord {
  const { billing } = customer;
  return {
    customer_id: String(customer.id),
    email: (known(customer.email) ?? known(billing.email))?.toLowerCase(),
    phone: phoneOf(billing),
    ...placeOf(billing),
    first_name: known(customer.first_name) ?? known(billing.first_name),
    last_name: known(customer.last_name) ?? known(billing.last_name),
    country: countryOf(billing.country),
    ...saidInMeta(customer.meta_data, settings),
    updated_at: customer.date_modified_gmt ?? customer.date_created_gmt ?? new Date(0).toISOString(),
  };
}

function placeOf(address: Address) {
  return {
    first_name: known(address.first_name),
    last_name: known(address.last_name),
    city: known(address.city),
    region: known(address.state),
    zip: known(address.postcode),
  };
}

/** What plugins keep in meta data, as the settings name it. A key that is not there says nothing. */
function saidInMeta(meta: Meta, { consent, extra }: Settings) {
  const values = new Map(meta.map(({ key, value }) => [key, wordIn(value)]));
  const consented = (key: string | undefined): Consent => {
    const word = key === undefined ? undefined : values.get(key);
    return word === undefined ? 'unknown' : consentOf(word);
  };
  const more = Object.entries(extra).flatMap(([name, key]) => {
    const value = values.get(key);
    return value ? [[name, value] as const] : [];
  });
  return {
    email_consent: consented(consent.email),
    sms_consent: consented(consent.sms),
    ads_consent: consented(consent.ads),
    ...(more.length > 0 ? { extra: Object.fromEntries(more) } : {}),
  };
}

function wordIn(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).trim()
    : undefined;
}

function known(value: string | undefined): string | undefined {
  return value && !isErased(value) ? value : undefined;
}

function phoneOf({ phone }: Address): string | undefined {
  return /[1-9]/.test(phone ?? '') ? known(phone) : undefined;
}

function countryOf(code: string | undefined): string | undefined {
  return code && /^[a-z]{2}$/i.test(code) ? code.toUpperCase() : undefined;
}
