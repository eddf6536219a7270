import { expect, onTestFinished, test } from 'vitest';
import { serveHealth } from '../../src/daemon/health.ts';
import { askAs } from './ask-as.ts';

const token = 'a-token-of-some-length';

async function serve(scrape = async () => ({ type: 'text/plain; version=0.0.4', text: 'figures 1\n' })) {
  const troubles = async () => [];
  const { port, close } = await serveHealth({ port: 0, host: '127.0.0.1', token, troubles, scrape });
  onTestFinished(close);
  return (path: string, headers?: Record<string, string>) => askAs(port, path, headers);
}

test('metrics are told on this machine or for the token, and to nobody else', async () => {
  const ask = await serve();
  const asked = (headers: Record<string, string>) => ask('/metrics', headers);

  const told = [
    await asked({ host: 'localhost' }),
    await asked({ host: 'rebound.example', authorization: `Bearer ${token}` }),
  ];
  const refused = [
    await asked({ host: 'rebound.example' }),
    await asked({ host: 'rebound.example', authorization: 'Bearer another-token-here' }),
    await asked({ host: 'rebound.example', authorization: `Basic ${token}` }),
  ];

  for (const { status, headers, body } of told) {
    expect({ status, body }).toEqual({ status: 200, body: 'figures 1\n' });
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4',
      'cache-control': 'no-store',
    });
  }
  for (const { status, headers, body } of refused) {
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(body).not.toContain('figures');
  }
});

test.each(['//', '/metrics'])('what cannot be answered, as %s here, ends nothing', async (path) => {
  const ask = await serve(async () => {
    throw new Error('no figures');
  });

  const broken = await ask(path);

  expect(broken.status).toBe(500);
  expect(broken.body).not.toContain('no figures');
  expect((await ask('/healthz')).status).toBe(200);
});
