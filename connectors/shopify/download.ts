import { withRetries } from '../retry.ts';
import type { Api } from './api.ts';
import { lookAt } from './bulk.ts';
import { Answered, explain, problem } from './failure.ts';
import { openSpool, type Spool } from './spool.ts';

/** A download that brings nothing for so long is begun anew. */
const QUIET_MS = 60_000;

/** The file of an operation is there no more. */
class Gone extends Error {}

/**
 * Brings the result of an operation into a temporary file, whole: it has the size that Shopify tells. An attempt that
 * breaks off is begun anew, with the address that Shopify gives then.
 * @returns the file, to be disposed of; undefined where the result is there no more
 * @throws SyncError when it cannot be brought
 */
export async function download(api: Api, id: string): Promise<Spool | undefined> {
  const attempt = async (): Promise<Spool | Gone> => {
    const state = await lookAt(api, id);
    if (state?.status !== 'COMPLETED' || !state.url) return new Gone();
    return bring(api, state.url, state.fileSize);
  };
  const { value } = await withRetries(attempt, {
    signal: api.signal,
    backoff_ms: api.backoff_ms,
    explain: (thrown) => (isNoRoom(thrown) ? { error: noRoom(api.shop) } : explain(thrown, api.shop)),
  });
  return value instanceof Gone ? undefined : value;
}

/** The address carries its own permission, so no token goes there. */
async function bring(api: Api, url: string, size: number | undefined): Promise<Spool | Gone> {
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(), QUIET_MS);
  const spool = await openSpool();
  try {
    const answer = await fetch(url, {
      headers: { 'accept-encoding': 'identity' },
      signal: AbortSignal.any([api.signal, quiet.signal]),
    });
    if (answer.status === 403 || answer.status === 404 || answer.status === 410) {
      await answer.body?.cancel();
      await spool[Symbol.asyncDispose]();
      return new Gone();
    }
    if (answer.status !== 200 || !answer.body) throw new Answered(answer.status);
    for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
      timer.refresh();
      await spool.write(bytes);
    }
    if (size !== undefined && spool.size() !== size) throw new Answered(200, 'the file is shorter than told');
    return spool;
  } catch (error) {
    await spool[Symbol.asyncDispose]();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function isNoRoom(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC';
}

function noRoom(shop: string) {
  return problem(shop, {
    code: 'SOURCE_NO_ROOM',
    retry: 'next_run',
    what: 'The folder for temporary files is full: the result of Shopify has no room there.',
    fix: 'Make room in it, or set TMPDIR to a folder with more; twice the size of the result is needed for a while.',
  });
}
