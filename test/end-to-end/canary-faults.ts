import { ADDRESSES, PHONES, SECRETS } from './aviary.ts';
import { sha256 } from './crowd.ts';

/** Waits no longer than a test should. */
const NOW = { 'retry-after': '0' };

type Fault = { title: string; times: number } & Record<string, unknown>;

/** How a platform fails; its answers repeat what they were sent, as platforms do. */
export function faultsOf(platform: 'mailchimp' | 'klaviyo' | 'facebook'): Fault[] {
  const status = (code: number, times: number): Fault => ({
    title: String(code),
    times,
    status: code,
    headers: NOW,
    content_type: platform === 'mailchimp' ? 'application/problem+json' : 'application/json',
    body: saying(platform, code, ECHO),
  });
  return [
    status(400, 1),
    status(401, 1),
    status(403, 1),
    status(429, 1),
    status(500, 6),
    {
      title: 'a web page',
      times: platform === 'facebook' ? 1 : 4,
      status: 200,
      content_type: 'text/html',
      text: `<p>${ECHO}</p>`,
    },
    {
      title: 'half of an answer',
      times: 1,
      status: 200,
      content_type: 'application/json',
      text: `{"data": "${ECHO}`,
    },
    { title: 'a reset', times: 2, drop: 'before' },
    { title: 'a reset once it was done', times: 1, drop: 'after' },
  ];
}

function saying(platform: string, status: number, text: string): object {
  if (platform === 'mailchimp')
    return { type: 'x', title: 'Invalid Resource', status, detail: text, instance: 'x' };
  if (platform === 'klaviyo')
    return {
      errors: [
        { id: 'x', status, code: 'invalid', title: 'Invalid', detail: text, source: { pointer: '/data' } },
      ],
    };
  const error_user_msg = `${ADDRESSES[0]} is ${sha256(ADDRESSES[0]!)}`;
  return {
    error: { message: text, type: 'OAuthException', code: status === 401 ? 190 : 100, error_user_msg },
  };
}

const { MAILCHIMP_API_KEY, KLAVIYO_API_KEY, META_ACCESS_TOKEN } = SECRETS;
/** Nobody can repeat a secret that they were not told. */
const ECHO = [...ADDRESSES, ...PHONES, MAILCHIMP_API_KEY, KLAVIYO_API_KEY, META_ACCESS_TOKEN].join(' ');

/** Throws, in the midst of a command or in the engine process, an error that holds everything an error may hold. */
export const crashIn = (program: string) => `
  if (process.argv[1]?.includes('${program}.ts')) setTimeout(() => {
    const error = new Error(${JSON.stringify(ECHO)});
    Object.assign(error, { config: { headers: { authorization: process.env.KLAVIYO_API_KEY } } });
    throw error;
  }, 700);
`;
