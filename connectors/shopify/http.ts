/** Longer than Shopify takes for the dearest query; an answer that takes longer is given up. */
const TIMEOUT_MS = 60_000;

type Sent = { signal: AbortSignal; headers: Record<string, string>; body: string };

/** Posts without following redirects, which would carry the token to another host. */
export async function post(
  url: string,
  { signal, headers, body }: Sent,
): Promise<{ status: number; headers: Headers; text: string }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** @returns undefined where it is no JSON, as with the HTML pages of proxies */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
