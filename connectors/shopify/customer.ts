import type { Consent, Customer } from '../records.ts';
import type { Notes } from '../notes.ts';
import type { CustomerNode } from './replies.ts';

/** Shopify's states of consent by e-mail and by text message; a state that is not here is no permission. */
const CONSENT: Record<string, Consent> = {
  SUBSCRIBED: 'yes',
  PENDING: 'pending',
  NOT_SUBSCRIBED: 'no',
  NEVER_SUBSCRIBED: 'no',
  UNSUBSCRIBED: 'no',
  INVALID: 'no',
  REDACTED: 'no',
};

/**
 * Whoever had Shopify erase them keeps nothing here but an id, and agrees to nothing. Shopify tells it as a state of
 * their consent.
 */
export function customerRecord(node: CustomerNode, notes: Notes): Customer {
  const { defaultEmailAddress: email, defaultPhoneNumber: phone, defaultAddress: address } = node;
  const states = [node.emailMarketingConsent?.marketingState, phone?.smsMarketingConsent?.state];
  const known = { customer_id: node.id, updated_at: node.updatedAt };
  if (states.includes('REDACTED')) {
    notes.add('customers were erased at Shopify: their orders stay, nothing is sent about them');
    return { ...known, redacted: true, email_consent: 'no', sms_consent: 'no', ads_consent: 'no', tags: [] };
  }
  return {
    ...known,
    email: emailOf(email?.emailAddress, notes),
    phone: phone?.phoneNumber,
    first_name: node.firstName,
    last_name: node.lastName,
    city: address?.city,
    region: address?.provinceCode ?? address?.province,
    zip: address?.zip,
    country: countryOf(address?.countryCodeV2),
    email_consent: consentIn(email?.marketingState),
    sms_consent: consentIn(phone?.smsMarketingConsent?.state),
    ads_consent: node.dataSaleOptOut ? 'no' : 'unknown',
    tags: node.tags,
  };
}

function consentIn(state: string | undefined): Consent {
  return state === undefined ? 'unknown' : (CONSENT[state] ?? 'unknown');
}

export function emailOf(text: string | undefined, notes: Notes): string | undefined {
  if (text === undefined) return undefined;
  if (/^[^\s@]+@[^\s@]+$/.test(text)) return text.toLowerCase();
  notes.add('e-mail addresses that are none were left out');
  return undefined;
}

export function countryOf(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : undefined;
}
