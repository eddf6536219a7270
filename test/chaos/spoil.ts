import type { SandboxPlatform, SandboxReply, SandboxRequest } from '../../connectors/index.ts';

const BAD = 'bad address';
const ADDRESS = /[\w-]+@example\.com/;
const HASH = /[\da-f]{64}/;

/**
 * Hands a request on with one member of it spoilt, so that the platform refuses that one alone; its answer names them
 * as the caller did. Mailchimp passes over whom it cannot remove without a word, as those who are not there: of its
 * requests, one who is to be added is spoilt.
 */
export function spoil(platform: SandboxPlatform, request: SandboxRequest): SandboxReply {
  const text = JSON.stringify(request.body ?? null);
  const { members_to_add } = (request.body ?? {}) as { members_to_add?: unknown };
  const among = platform.name === 'mailchimp' ? JSON.stringify(members_to_add ?? null) : text;
  const isMembers = /\/(users|segments\/\d+)$/.test(request.path);
  const found = isMembers ? (platform.name === 'facebook' ? HASH : ADDRESS).exec(among)?.[0] : undefined;
  if (found === undefined) return platform.handle(request);
  const bad = platform.name === 'facebook' ? `${found}!` : BAD;
  const reply = platform.handle({ ...request, body: JSON.parse(text.replaceAll(found, bad)) as unknown });
  return JSON.parse(JSON.stringify(reply).replaceAll(bad, found)) as SandboxReply;
}
