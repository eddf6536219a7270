import { expect, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { FROM_THE_BEGINNING } from '../../connectors/source.ts';
import { openWooCommerce } from '../../connectors/woocommerce/open.ts';
import { openStand } from './woocommerce-stand.ts';

const KEY = 'ck_canary0key0of0the0shop';
const SECRET = 'cs_canary0secret0of0the0shop';
const PERSON = {
  email: 'linnet@aviary.example',
  phone: '+40721000111',
  first_name: 'Fringilla',
  city: 'Aviaria',
};
const PRIVATE = [
  KEY,
  SECRET,
  Buffer.from(`${KEY}:${SECRET}`).toString('base64'),
  'aviary',
  '721000111',
  'Fringilla',
  'Aviaria',
  'consumer_key',
  'wp-json/wc/v3/orders?',
];

const ECHO = `${PERSON.email} ${PERSON.phone} "${PERSON.first_name}" ${KEY} https://x.example/?consumer_secret=${SECRET}`;
const FAULTS = [
  { status: 400, body: { code: 'rest_invalid_param', message: ECHO, data: { status: 400 } } },
  { status: 401, body: { code: 'woocommerce_rest_authentication_error', message: ECHO } },
  { status: 403, body: { code: 'woocommerce_rest_cannot_view', message: ECHO } },
  { status: 404, body: { code: 'rest_no_route', message: ECHO } },
  { status: 400, body: { code: PERSON.email, message: ECHO } },
  { status: 200, text: `<html>${ECHO}</html>`, content_type: 'text/html' },
  { status: 200, text: `[{"id":1,"billing":{"email":"${PERSON.email}"` },
  { status: 200, body: { [PERSON.email]: ECHO } },
  { status: 500, text: ECHO },
  { status: 429, body: ECHO },
  { status: 301, headers: { location: `https://elsewhere.example/?${KEY}&consumer_secret=${SECRET}` } },
  { drop: 'before' as const },
];

test('no error, warning, rejection, mark or log holds the key, an address, or anything of a person', async () => {
  const said: string[] = [];
  const host = { strips_authorization: true, notices: true };
  for (const fault of FAULTS) {
    const stand = await openStand({ host });
    stand.fault({ path: 'orders$', times: 99, ...fault });
    // The sandbox does not know this key: without the fault, it would refuse it.
    const keys = { consumer_key: KEY, consumer_secret: SECRET };
    const source = openWooCommerce({ ...stand.settings, ...keys }, stand.context);
    const calls = [() => source.check(), () => Array.fromAsync(source.pull(FROM_THE_BEGINNING))];
    for (const call of calls) {
      const error: unknown = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(SyncError);
      const { problem, message } = error as SyncError;
      said.push(JSON.stringify(problem), message);
    }
    said.push(...stand.logs);
  }
  const stand = await openStand({ host });
  stand.shop.put({ status: PERSON.email, billing: PERSON });
  stand.shop.put({ total: PERSON.email, billing: PERSON });
  const { rejected, warnings } = await stand.pull();
  said.push(JSON.stringify({ rejected, warnings, marks: [...stand.marks] }), ...stand.logs);

  expect(rejected).toHaveLength(1);
  expect(said.length).toBeGreaterThan(40);
  for (const secret of PRIVATE) expect(said.filter((text) => text.includes(secret))).toEqual([]);
});
