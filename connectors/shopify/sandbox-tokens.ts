import type { SandboxReply, SandboxRequest } from '../sandbox.ts';

/** Scopes, and which protected fields of customers the app may read. */
export type Grants = { scopes: Set<string>; protected: Set<string> };

const DAY_MS = 86_400_000;

/** Which grant a field needs; a scope, or a kind of protected data. */
const NEEDS: Record<string, string> = {
  'QueryRoot.orders': 'read_orders',
  'QueryRoot.ordersCount': 'read_orders',
  'QueryRoot.order': 'read_orders',
  'QueryRoot.customers': 'read_customers',
  'QueryRoot.customersCount': 'read_customers',
  'QueryRoot.products': 'read_products',
  'QueryRoot.productsCount': 'read_products',
  'QueryRoot.product': 'read_products',
  'Order.customer': 'read_customers',
  'LineItem.product': 'read_products',
  'Order.email': 'email',
  'Order.phone': 'phone',
  'Order.billingAddress': 'address',
  'Order.shippingAddress': 'address',
  'Customer.defaultEmailAddress': 'email',
  'Customer.emailMarketingConsent': 'email',
  'Customer.defaultPhoneNumber': 'phone',
  'Customer.firstName': 'name',
  'Customer.lastName': 'name',
  'MailingAddress.firstName': 'name',
  'MailingAddress.lastName': 'name',
  'Customer.defaultAddress': 'address',
};

/**
 * Who may ask: the token `sandbox`, or one got for 24 hours with the client id `sandbox` and the client secret
 * `sandbox`.
 */
export function sandboxTokens(now: () => number) {
  const given = new Map<string, number>();
  let count = 0;
  const grants: Grants = {
    scopes: new Set(['read_all_orders', 'read_customers', 'read_orders', 'read_products']),
    protected: new Set(['email', 'phone', 'name', 'address']),
  };

  function grant({ method, headers, body }: SandboxRequest): SandboxReply {
    const form = new URLSearchParams(typeof body === 'string' ? body : '');
    const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
    if (method !== 'POST' || !isForm || form.get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'invalid_request' } };
    }
    if (form.get('client_id') !== 'sandbox' || form.get('client_secret') !== 'sandbox') {
      return {
        status: 400,
        text: '<html><body>Oauth error invalid_client</body></html>',
        content_type: 'text/html',
      };
    }
    count += 1;
    const token = `sandbox-${count}`;
    given.set(token, now() + DAY_MS);
    return {
      status: 200,
      body: { access_token: token, scope: [...grants.scopes].join(','), expires_in: 86_399 },
    };
  }

  function denied(type: string, field: string): string | undefined {
    const needed = NEEDS[`${type}.${field}`];
    if (!needed || grants.scopes.has(needed) || grants.protected.has(needed)) return undefined;
    return needed.startsWith('read_')
      ? `Access denied for ${field} field. Required access: \`${needed}\` access scope.`
      : `This app is not approved to use the ${field} field. See https://shopify.dev/docs/apps/launch/protected-customer-data for more details.`;
  }

  return {
    grants,
    grant,
    denied,
    knows: (token: string | undefined) => token === 'sandbox' || (given.get(token ?? '') ?? 0) > now(),
    end: () => given.clear(),
  };
}
