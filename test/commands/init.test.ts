import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { openShop, type Shop } from '../end-to-end/shop.ts';
import { answerOnTerminal, hasTerminals } from './terminal.ts';

type Written = {
  file: string;
  job: string;
  source: { columns?: Record<string, string>; dates?: string; decimal?: string; states?: object };
  preview: { rows: string[][]; rejected: number };
  notes: string[];
};

const SLOW = { timeout: 60_000 };

/** Runs init on a file of a shop of its own. */
async function initOn(shop: Shop, name: string, text: string | Buffer, ...flags: string[]) {
  await writeFile(join(shop.folder, name), text);
  return shop.cli('init', '--source', name, '--jobs', 'jobs', '--json', ...flags);
}

async function written(
  shop: Shop,
  ...rest: Parameters<typeof initOn> extends [Shop, ...infer R] ? R : never
) {
  const { stdout } = await initOn(shop, ...rest);
  return JSON.parse(stdout) as Written;
}

describe('a Shopify export', () => {
  test('becomes a job that check, plan and run take as it is, with lists to look at', SLOW, async () => {
    const shop = await openShop();
    await copyFile(resolve('config/sample/orders_export_1.csv'), join(shop.folder, 'orders_export.csv'));

    const told = await shop.cli('init', '--source', 'orders_export.csv', '--jobs', 'jobs');

    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/#1002 +2023-11-16 \d\d:38 +m…@….net +315.20 +EUR +yes/);
    expect(told.stdout).toContain('segment-sync plan orders-export');
    const text = await readFile(join(shop.folder, 'jobs/orders-export.yaml'), 'utf8');
    expect(text).toContain('format: shopify # ');
    expect(text).toMatch(/^#   RON: 1\.0$/m);
    expect(text.split('\n').filter((line) => line.length > 125)).toEqual([]);
    expect((await shop.cli('check', 'orders-export', '--jobs', 'jobs')).code).toBe(0);
    const plan = await shop.json('plan', 'orders-export', '--jobs', 'jobs');
    expect(plan).toMatchObject({ status: 'done', error: null });
    const run = await shop.json('run', 'orders-export', '--jobs', 'jobs');
    expect(run.status).toBe('done');
    const top = run.audiences.find(({ segment }) => segment === 'lifecycle.lost')!;
    const list = await readFile(join(shop.folder, 'out/orders-export/Lost.csv'), 'utf8');
    expect(list.trim().split('\n')).toHaveLength(top.wanted + 1);
  });

  test('is not written over a job that is there, unless that is wanted', async () => {
    const shop = await openShop();
    await copyFile(resolve('config/sample/orders_export_1.csv'), join(shop.folder, 'orders.csv'));
    const init = (...more: string[]) => shop.cli('init', '--source', 'orders.csv', '--jobs', 'jobs', ...more);
    await init();
    await writeFile(join(shop.folder, 'jobs/orders.yaml'), 'mine');

    const refused = await init();

    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') as string });
    expect(await readFile(join(shop.folder, 'jobs/orders.yaml'), 'utf8')).toBe('mine');
    expect((await init('--force')).code).toBe(0);
  });
});

describe('a file of any shape', () => {
  const GERMAN = `\uFEFFBestell-Nr;Kunden-Nr;E-Mail-Adresse;Bestelldatum;Gesamtbetrag;Währung;Status
1;K1;anna@example.de;31.01.2026;1.234,50;EUR;bezahlt
2;K2;bert@example.de;01.02.2026;19,90;EUR;storniert
3;K1;anna@example.de;03.02.2026;7,00;EUR;sonderfall
`;

  test('in German, with a byte order mark, semicolons and decimal commas', SLOW, async () => {
    const shop = await openShop();

    const { source, preview } = await written(shop, 'b.csv', GERMAN, '--timezone', 'Europe/Berlin');

    expect(source).toMatchObject({
      columns: {
        order_id: 'Bestell-Nr',
        customer_id: 'Kunden-Nr',
        email: 'E-Mail-Adresse',
        ordered_at: 'Bestelldatum',
        total: 'Gesamtbetrag',
        currency: 'Währung',
        state: 'Status',
      },
      dates: 'dmy',
      decimal: ',',
      states: { bezahlt: 'paid', storniert: 'cancelled' },
    });
    expect(preview.rows).toEqual([
      ['1', '2026-01-31 00:00', 'a…@….de', '1,234.50', 'EUR', 'yes'],
      ['2', '2026-02-01 00:00', 'b…@….de', '19.90', 'EUR', 'no'],
      ['3', '2026-02-03 00:00', 'a…@….de', '7.00', 'EUR', 'no'],
    ]);
    const text = await readFile(join(shop.folder, 'jobs/b.yaml'), 'utf8');
    expect(text).toMatch(/# Orders in these states do not count .*: sonderfall;/);
    const plan = await shop.json('plan', 'b', '--jobs', 'jobs', '--as-of', '2026-03-01');
    expect(plan.pulled).toMatchObject({ orders: 3, rejected: 0 });
  });

  test('in French as windows-1252, and in Romanian', SLOW, async () => {
    const shop = await openShop();
    const french = Buffer.from(
      'Numéro de commande;Adresse e-mail;Date de commande;Montant total;Prénom;Pays\n7;zoe@example.fr;25/12/2025;12,50;Zoé;FR\n',
      'latin1',
    );
    const romanian = `Număr comandă,Adresă email,Dată comandă,Valoare totală,Monedă,Stare comandă
1,ion@example.ro,2026-01-15,250.00,RON,finalizată
`;

    const one = await written(shop, 'fr.csv', french, '--currency', 'EUR');
    const other = await written(shop, 'ro.csv', romanian);

    expect(one.source).toMatchObject({
      columns: {
        order_id: 'Numéro de commande',
        email: 'Adresse e-mail',
        ordered_at: 'Date de commande',
        total: 'Montant total',
        first_name: 'Prénom',
        country: 'Pays',
      },
      encoding: 'windows-1252',
      dates: 'dmy',
    });
    expect(other.source).toMatchObject({
      columns: {
        order_id: 'Număr comandă',
        email: 'Adresă email',
        ordered_at: 'Dată comandă',
        total: 'Valoare totală',
        currency: 'Monedă',
        state: 'Stare comandă',
      },
      states: { finalizată: 'paid' },
    });
    for (const job of ['fr', 'ro']) expect((await shop.cli('check', job, '--jobs', 'jobs')).code).toBe(0);
  });

  test(
    'whose dates, decimal sign, currency or columns cannot be known is told with the flag to give',
    SLOW,
    async () => {
      const shop = await openShop();
      const dates =
        'id,email,date,total,currency\n1,a@example.com,03/04/2026,5.00,EUR\n2,b@example.com,05/06/2026,6.00,EUR\n';
      const decimal = 'id,email,date,total,currency\n1,a@example.com,2026-01-01,1.234,EUR\n';
      const currency = 'id,email,date,total\n1,a@example.com,2026-01-01,1.50\n';
      const columns = 'x,email,date,y,currency\nk1,a@example.com,2026-01-01,1.50,EUR\n';

      const asked = async (text: string, ...flags: string[]) => {
        const { code, stdout } = await initOn(shop, 'odd.csv', text, ...flags);
        return `${code} ${/--(?:dates|decimal|currency|columns \w+)/.exec(stdout)?.[0] ?? ''}`;
      };

      expect(await asked(dates)).toBe('2 --dates');
      expect(await asked(decimal)).toBe('2 --decimal');
      expect(await asked(currency)).toBe('2 --currency');
      expect(await asked(columns)).toBe('2 --columns order_id');
      await expect(stat(join(shop.folder, 'jobs/odd.yaml'))).rejects.toThrow('ENOENT');
      expect(await asked(dates, '--dates', 'mdy')).toBe('0 ');
      expect(await asked(decimal, '--decimal', ',', '--force')).toBe('0 ');
      expect(await asked(columns, '--columns', 'order_id=x,total=y', '--force')).toBe('0 ');
      expect(await asked(columns, '--columns', 'order_id=z')).toBe('2 --columns order_id');
    },
  );

  test('with a row per product is used with a word of caution', SLOW, async () => {
    const shop = await openShop();
    const text =
      'order_id,email,date,total,currency,sku\n1,a@example.com,2026-01-01,9.00,EUR,x\n1,a@example.com,2026-01-01,9.00,EUR,y\n';

    expect((await written(shop, 'lines.csv', text)).notes).toEqual([
      expect.stringContaining('in several rows'),
    ]);
  });
});

test(
  'secrets are asked of the environment, never written; what is sent where is on request',
  SLOW,
  async () => {
    const shop = await openShop({ env: { MAILCHIMP_API_KEY: 'canary-us1', MAILCHIMP_LIST_ID: 'abc' } });
    await copyFile(resolve('config/sample/old-shop.csv'), join(shop.folder, 'old.csv'));

    const flags = ['--destination', 'csv,mailchimp,klaviyo', '--name', 'three'];
    const { code, stdout } = await shop.cli(
      'init',
      '--source',
      'old.csv',
      '--jobs',
      'jobs',
      '--currency',
      'EUR',
      '--schedule',
      '0 5 * * *',
      ...flags,
    );

    expect(code).toBe(0);
    expect(stdout).toMatch(/KLAVIYO_API_KEY +in Klaviyo/);
    const text = await readFile(join(shop.folder, 'jobs/three.yaml'), 'utf8');
    expect(text).toContain('schedule: 0 5 * * * # ');
    expect(text).not.toContain('canary');
    const unset = await shop.cli('check', 'three', '--jobs', 'jobs', '--offline');
    expect(unset.code).toBe(2);
    shop.env['KLAVIYO_API_KEY'] = 'key';
    expect((await shop.cli('check', 'three', '--jobs', 'jobs', '--offline')).code).toBe(0);
  },
);

test('Parquet files and lines of JSON, nested ones too', SLOW, async () => {
  const shop = await openShop();
  const engine = await openEngine({ state: join(shop.folder, 'making'), idle_seconds: 1 });
  const parquet = join(shop.folder, 'orders.parquet');
  try {
    await engine.command(
      `INSERT INTO FUNCTION file('${parquet}', Parquet)
       SELECT toString(number) AS order_number, concat('p', toString(number % 7), '@example.com') AS customer_email,
         toDateTime64('2026-01-01 10:00:00', 3, 'UTC') + number * 86400 AS created_at, toDecimal64(number + 1, 2) AS grand_total
       FROM numbers(20)`,
    );
  } finally {
    await engine.close();
  }
  const json =
    '{"id":"1","customer":{"email":"a@example.com"},"created_at":"2026-01-05T10:00:00Z","total":5.5,"currency":"EUR"}\n';

  const init = await shop.cli('init', '--source', 'orders.parquet', '--jobs', 'jobs', '--currency', 'EUR');
  const other = await written(shop, 'events.jsonl', json, '--columns', 'email=customer.email');

  expect(init.stdout).toMatch(/email +customer_email/);
  expect(other.source.columns).toMatchObject({ order_id: 'id', email: 'customer.email', total: 'total' });
  const plans = await Promise.all(
    ['orders', 'events'].map((job) =>
      shop.json('plan', job, '--jobs', 'jobs', '--as-of', '2026-02-01', '--state', `state-${job}`),
    ),
  );
  expect(plans.map(({ pulled, customers }) => [pulled.orders, pulled.rejected, customers])).toEqual([
    [20, 0, 7],
    [1, 0, 1],
  ]);
});

test.skipIf(!hasTerminals)(
  'at a terminal what cannot be known is asked, and nothing is written unless agreed',
  SLOW,
  async () => {
    const shop = await openShop();
    const text = 'id,email,date,total\n1,a@example.com,03/04/2026,5.00\n2,b@example.com,05/06/2026,6.00\n';
    await writeFile(join(shop.folder, 'mine.csv'), text);
    const words = `'${process.execPath}' '${resolve('src/cli.ts')}' init --jobs jobs`;
    const answers = [
      ['Where are the orders?', 'mine.csv\r'],
      ['In which order are dates written?', '\u001B[B\r'],
      ['What shall the job be called?', '\r'],
      ['In which currency', 'eur\r'],
      ['In which time zone', 'Europe/Rome\r'],
      ['Where shall the groups go?', '\r'],
      ['every morning at 5', 'y'],
    ] as const;
    const options = { cwd: shop.folder, env: shop.env };

    const no = await answerOnTerminal(words, [...answers, ['Write ', 'n']], options);
    await expect(stat(join(shop.folder, 'jobs/mine.yaml'))).rejects.toThrow('ENOENT');
    const sent = await answerOnTerminal(words, [...answers, ['Write ', 'y']], options);

    expect(stripVTControlCharacters(no)).toMatch(/1 +2026-03-04 00:00 +a…@….com +5.00 +EUR +yes/);
    expect(sent).toContain('plan mine');
    const job = await readFile(join(shop.folder, 'jobs/mine.yaml'), 'utf8');
    expect(job).toContain('dates: mdy');
    expect(job).toContain('timezone: Europe/Rome');
    expect(job).toContain('currency: EUR');
    expect(job).toContain('schedule: 0 5 * * *');
  },
);
