import { SyncError } from './error.ts';
import { withRetries } from './retry.ts';
import type { SourceContext } from './source.ts';
import { encoded, signed } from './sign.ts';
import type { StorageSettings } from './storage.ts';

/** An object in the storage; `name` is as the job file writes it, `s3://bucket/key`. */
export type StoredObject = { name: string; url: string; size: number; modified_ms: number; etag: string };

const ANSWER_MS = 30_000;

/**
 * Lists the objects that a pattern means, page by page (ListObjectsV2).
 * @param pattern `s3://bucket/key`, where `*` stands for any letters but `/` and `?` for one
 * @throws SyncError `SOURCE_MISSING_FILE` where there is none, `SOURCE_REFUSED`, `SOURCE_UNREADABLE`
 */
export async function listObjects(
  pattern: string,
  settings: StorageSettings,
  context: SourceContext,
): Promise<StoredObject[]> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(pattern) ?? [];
  const base = `${(settings.base_url ?? `https://s3.${settings.region}.amazonaws.com`).replace(/\/$/, '')}/${bucket}`;
  const wanted = new RegExp(
    `^${key
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
    's',
  );
  const prefix = key.replace(/[*?].*$/s, '');
  const found: StoredObject[] = [];
  let token: string | undefined;
  do {
    const url = new URL(base);
    url.searchParams.set('list-type', '2');
    url.searchParams.set('prefix', prefix);
    if (token) url.searchParams.set('continuation-token', token);
    const text = await ask(url, { where: `s3://${bucket}` }, settings, context, (answer) => answer.text());
    for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const [name, size, time, etag] = ['Key', 'Size', 'LastModified', 'ETag'].map(
        (tag) => valueOf(entry, tag) ?? '',
      );
      if (!wanted.test(name!) || Number(size) === 0) continue;
      found.push({
        name: `s3://${bucket}/${name}`,
        url: `${base}/${name!.split('/').map(encoded).join('/')}`,
        size: Number(size),
        modified_ms: Date.parse(time!),
        etag: etag!,
      });
    }
    token = valueOf(text, 'IsTruncated') === 'true' ? valueOf(text, 'NextContinuationToken') : undefined;
  } while (token);
  if (found.length > 0) return found;
  throw new SyncError({
    code: 'SOURCE_MISSING_FILE',
    where: pattern,
    what: `No object matches ${pattern}.`,
    fix: 'Correct `path` in the job file, or put the export there. Empty objects are passed over.',
  });
}

/** So often reading goes on where a connection broke off without a single byte more having come. */
const RESUMED = 3;

/**
 * Reads an object as it is stored. Where the connection breaks off, reading goes on behind the bytes that came; an
 * object that was replaced meanwhile is refused.
 * @throws SyncError `SOURCE_REFUSED`, `SOURCE_UNREADABLE`
 */
export async function* readObject(
  { name, url, size, etag }: StoredObject,
  settings: StorageSettings,
  context: SourceContext,
): AsyncGenerator<Buffer> {
  let read = 0;
  for (let failed = 0; read < size;) {
    const headers = { 'if-match': etag, ...(read > 0 ? { range: `bytes=${read}-` } : {}) };
    const answer = await ask(new URL(url), { where: name, headers }, settings, context, (answer) =>
      Promise.resolve(answer),
    );
    // What is unpacked on the way has another size, and cannot be gone on with.
    const isWhole = answer.headers.has('content-encoding');
    try {
      for await (const chunk of answer.body ?? []) {
        read += chunk.length;
        failed = 0;
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      }
      if (isWhole) return;
    } catch (error) {
      context.signal.throwIfAborted();
      failed += 1;
      if (isWhole || failed > RESUMED) throw explained(error, answer.url, name);
    }
  }
}

type Asked = { where: string; headers?: Record<string, string> };

async function ask<T>(
  url: URL,
  { where, headers }: Asked,
  settings: StorageSettings,
  context: SourceContext,
  take: (answer: Response) => Promise<T>,
): Promise<T> {
  const { access_key, secret_key, region } = settings;
  const { value } = await withRetries(
    async () => {
      const keys = access_key && secret_key ? { access_key, secret_key, region } : undefined;
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), ANSWER_MS);
      try {
        const response = await fetch(url, {
          headers: { ...headers, ...(keys ? signed(url, keys, new Date()) : {}) },
          redirect: 'manual',
          signal: AbortSignal.any([context.signal, late.signal]),
        });
        if (response.ok) return await take(response);
        const text = await response.text();
        throw new Refused(response.status, valueOf(text, 'Code') ?? `HTTP ${response.status}`);
      } finally {
        clearTimeout(timer);
      }
    },
    {
      signal: context.signal,
      backoff_ms: context.backoff_ms,
      explain: (error) => ({ error: explained(error, url.origin, where) }),
    },
  );
  return value;
}

class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** The answer where the object is not the one that was listed any more. */
const REPLACED = 412;

const FIXES: Record<string, string> = {
  NoSuchBucket: 'Correct the bucket in `path`, or `region` and `base_url`.',
  AccessDenied: 'Give the key the rights s3:ListBucket and s3:GetObject on the bucket.',
  InvalidAccessKeyId: 'Correct `access_key`: the storage does not know it.',
  SignatureDoesNotMatch: 'Correct `secret_key`: it does not belong to `access_key`.',
  PermanentRedirect: 'Set `region` to the one the bucket is in.',
  AuthorizationHeaderMalformed: 'Set `region` to the one the bucket is in.',
};

function explained(error: unknown, origin: string, where: string): SyncError {
  if (error instanceof Refused && error.status === REPLACED) {
    return new SyncError(
      {
        code: 'SOURCE_UNREADABLE',
        where,
        what: 'The object was replaced while it was read.',
        fix: 'It is read again at the next run.',
      },
      { retry: 'next_run', cause: error },
    );
  }
  if (error instanceof Refused) {
    const later = error.status >= 500 || error.status === 429;
    return new SyncError(
      {
        code: later ? 'SOURCE_UNREADABLE' : 'SOURCE_REFUSED',
        where,
        what: `The storage answered ${error.code}.`,
        fix:
          FIXES[error.code] ??
          (later ? 'It is asked again at the next run.' : 'Check `path`, the keys and `region`.'),
      },
      { retry: later ? 'now' : 'never', cause: error },
    );
  }
  return new SyncError(
    {
      code: 'SOURCE_UNREADABLE',
      where,
      what: `The storage at ${origin} does not answer.`,
      fix: 'Check `base_url` and the network.',
    },
    { retry: 'now', cause: error },
  );
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of an XML element without children. */
function valueOf(xml: string, tag: string): string | undefined {
  const text = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1];
  return text?.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (all, hex?: string, decimal?: string, name?: string) => {
      if (name) return NAMED[name] ?? all;
      return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
    },
  );
}
