import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import type { Settings } from '../job/settings.ts';

/** Who may see more than whether the daemon is alive and ready. */
export type Access = Pick<Settings['daemon'], 'token' | 'proxy'>;

export type Env = { Bindings: HttpBindings };

const COOKIE = 'segment_sync';
/** A browser that showed the token is known for so long. */
const KNOWN_SECONDS = 30 * 86_400;

/**
 * Whether whoever asks may see the pages and take action: by a browser on this machine, with the token, or in the name
 * that the operator's reverse proxy gives them.
 */
export async function isTrusted(context: Context<Env>, { token, proxy }: Access): Promise<boolean> {
  const request = context.env.incoming;
  // A proxy on this machine is no browser on this machine: it speaks for whoever stands before it.
  if (proxy && isFrom(request, proxy.address)) return Boolean(context.req.header(proxy.header)?.trim());
  if (isLocal(request)) return true;
  return token !== undefined && (showsToken(request, token) || (await isKnown(context, token)));
}

/** @returns whether the token is right; the browser is then known by a cookie that scripts and other sites cannot use */
export async function login(
  context: Context<Env>,
  token: string | undefined,
  shown: string,
): Promise<boolean> {
  if (token === undefined || !isSame(shown, token)) return false;
  const until = String(Date.now() + KNOWN_SECONDS * 1000);
  const secure = context.req.header('x-forwarded-proto') === 'https';
  const options = { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: KNOWN_SECONDS, secure } as const;
  await setSignedCookie(context, COOKIE, until, token, options);
  return true;
}

/** The token is what cookies are signed with, so that none outlives it. */
async function isKnown(context: Context<Env>, token: string): Promise<boolean> {
  const until = await getSignedCookie(context, token, COOKIE);
  return Number(until || 0) > Date.now();
}

/** A page of another site that a browser here shows could ask under that site's name, so the name has to be ours too. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  // What a proxy hands on was not asked by this machine.
  const handed = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((header) => headers[header]);
  return !handed && isLoopback(plain(socket.remoteAddress)) && (name === 'localhost' || isLoopback(name));
}

function isFrom({ socket }: IncomingMessage, address: string): boolean {
  return plain(socket.remoteAddress) === address;
}

function plain(address = ''): string {
  return address.replace(/^::ffff:/, '');
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function showsToken({ headers }: IncomingMessage, token: string): boolean {
  return isSame(headers.authorization ?? '', `Bearer ${token}`);
}

/** Compares digests, which are of one length, in a time that tells nothing. */
function isSame(shown: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(wanted));
}
