import { request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export type Answer = { status: number; headers: IncomingHttpHeaders; body: string };
export type Asked = { method?: string; body?: string };

/** Asks a daemon on this machine; `fetch` lets nobody choose the name of the host. */
export function askAs(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  { method = 'GET', body }: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method }, (answer) => {
      text(answer).then(
        (body) => resolve({ status: answer.statusCode!, headers: answer.headers, body }),
        reject,
      );
    })
      .on('error', reject)
      .end(body);
  });
}
