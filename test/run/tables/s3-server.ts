import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Storage = {
  url: string;
  /** Path and query of each request, in their order. */
  requests: string[];
  put(bucket: string, key: string, body: Buffer, modified?: Date): void;
  /** Answers every request for an object with this status from now on. */
  fail(status: number | undefined): void;
  /** Breaks off each of the next so many answers with an object in its middle. */
  breakOff(times: number, then?: () => void): void;
  [Symbol.asyncDispose](): Promise<void>;
};

type StoredObject = { body: Buffer; modified: Date };

/** So many objects are listed at a time. */
const PAGE = 2;

/**
 * A storage of the S3 kind on loopback: ListObjectsV2, GetObject with ranges, HeadObject; every request has to be
 * signed with these keys (Signature Version 4), checked from what the request says it signed.
 */
export async function openStorage(keys: { access_key: string; secret_key: string }): Promise<Storage> {
  const buckets = new Map<string, Map<string, StoredObject>>();
  const requests: string[] = [];
  let failure: number | undefined;
  let breaks = 0;
  let then: (() => void) | undefined;

  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://storage');
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    const credential = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
    if (credential !== keys.access_key) return refuse(response, 403, 'InvalidAccessKeyId');
    if (!isSigned(request, url, keys.secret_key)) return refuse(response, 403, 'SignatureDoesNotMatch');
    const [, bucket = '', ...path] = url.pathname.split('/').map(decodeURIComponent);
    const objects = buckets.get(bucket);
    if (!objects) return refuse(response, 404, 'NoSuchBucket');
    if (path.join('/') === '') return list(response, bucket, objects, url.searchParams);
    if (failure) return refuse(response, failure, 'SlowDown');
    const object = objects.get(path.join('/'));
    if (!object) return refuse(response, 404, 'NoSuchKey');
    if ((request.headers['if-match'] ?? quoted(object)) !== quoted(object))
      return refuse(response, 412, 'PreconditionFailed');
    if (breaks === 0) return send(request, response, object);
    breaks -= 1;
    return send(request, response, object, () => then?.());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put(bucket, key, body, modified = new Date('2026-01-01T00:00:00Z')) {
      const objects = buckets.get(bucket) ?? new Map<string, StoredObject>();
      buckets.set(bucket, objects.set(key, { body, modified }));
    },
    fail(status) {
      failure = status;
    },
    breakOff(times, after) {
      breaks = times;
      then = after;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function list(
  response: ServerResponse,
  bucket: string,
  objects: Map<string, StoredObject>,
  query: URLSearchParams,
): void {
  const after = query.get('continuation-token') ?? '';
  const all = [...objects]
    .filter(([key]) => key.startsWith(query.get('prefix') ?? '') && key > after)
    .toSorted();
  const shown = all.slice(0, PAGE);
  const more =
    all.length > PAGE ? `<NextContinuationToken>${escaped(shown.at(-1)![0])}</NextContinuationToken>` : '';
  const contents = shown.map(
    ([key, { body, modified }]) =>
      `<Contents><Key>${escaped(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etag(body)}&quot;</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><KeyCount>${shown.length}</KeyCount><MaxKeys>${PAGE}</MaxKeys><IsTruncated>${all.length > PAGE}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`,
  );
}

/** @param broken called where half of the answer has been sent, before the connection ends */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  { body, modified }: StoredObject,
  broken?: () => void,
): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const first = range ? Number(range[1]) : 0;
  const last = range?.[2] ? Math.min(Number(range[2]), body.length - 1) : body.length - 1;
  const part = body.subarray(first, last + 1);
  response.writeHead(range ? 206 : 200, {
    'content-type': 'binary/octet-stream',
    'content-length': part.length,
    'last-modified': modified.toUTCString(),
    etag: quoted({ body, modified }),
    'accept-ranges': 'bytes',
    ...(range ? { 'content-range': `bytes ${first}-${last}/${body.length}` } : {}),
  });
  if (!broken) return void response.end(request.method === 'HEAD' ? undefined : part);
  response.write(part.subarray(0, Math.ceil(part.length / 2)), () => {
    broken();
    response.destroy();
  });
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`,
  );
}

function isSigned(request: IncomingMessage, url: URL, secret: string): boolean {
  const authorization = request.headers.authorization ?? '';
  const [, scope = ''] = /Credential=[^/]+\/([^,]+)/.exec(authorization) ?? [];
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
  const [, signature] = /Signature=([0-9a-f]+)/.exec(authorization) ?? [];
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const query = url.search
    .slice(1)
    .split('&')
    .filter(Boolean)
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .map((pair) =>
      pair
        .split('=')
        .map((part) => encode(decodeURIComponent(part.replaceAll('+', ' '))))
        .join('='),
    )
    .toSorted()
    .join('&');
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/');
  const body = String(request.headers['x-amz-content-sha256']);
  const canonical = [request.method, path, query, headers.join(''), names, body].join('\n');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(text).digest('hex') === signature;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function quoted({ body }: StoredObject): string {
  return `"${etag(body)}"`;
}

function etag(body: Buffer): string {
  return createHash('md5').update(body).digest('hex');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
