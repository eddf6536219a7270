import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whether whoever asks may know what jobs and files are called and how they are.
 * @param token what callers from other machines must show; without one, none of them may
 */
export function isTrusted(request: IncomingMessage, token: string | undefined): boolean {
  return isLocal(request) || (token !== undefined && shows(request, token));
}

/** A page of another site that a browser here shows could ask under that site's name, so the name has to be ours too. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLoopback(socket.remoteAddress ?? '') && (name === 'localhost' || isLoopback(name));
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** Compares digests, which are of one length, in a time that tells nothing. */
function shows({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}
