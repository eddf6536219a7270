import { DAYS, season } from './calendar.ts';
import { COUNTRIES, type Country } from './catalogue.ts';
import type { Random } from './random.ts';

export type Customer = {
  email?: string;
  /** As the person types it, in the national form. */
  phone?: string;
  name: string;
  country: Country;
  place: Country['places'][number];
  currency: 'EUR' | 'RON';
  /** Day from which the person wants the newsletter, and the day it ends; none for a person who never did. */
  newsletter?: { from: number; until: number };
  /** Lines per order lean on it; it has no part in how often the person buys. */
  appetite: number;
  /** Days of purchase, ascending, counted from the shop's first day. */
  days: number[];
};

/**
 * Draws customers who buy until they stop: each has a rate of their own (gamma) and, after every purchase, a chance
 * of their own to be gone for good (beta). That is the world the MBG/NBD model assumes, with seasons on top.
 */
export function drawCustomers(random: Random, count: number): Customer[] {
  const newcomers = Array.from({ length: DAYS }, (_, day) => season(day) * (1 + (8 * day) / DAYS));
  return Array.from({ length: count }, (_, number) =>
    drawCustomer(random, number, random.weighted(newcomers)),
  );
}

function drawCustomer(random: Random, number: number, firstDay: number): Customer {
  const country = COUNTRIES[random.weighted(COUNTRIES.map(({ weight }) => weight))]!;
  const first = random.pick(country.firstNames);
  const last = random.pick(country.lastNames);
  const hasPhone = country.code === 'DE' || country.code === 'RO';
  const byPhoneOnly = hasPhone && random.chance(0.04);
  const wanted = random.next();
  return {
    email: byPhoneOnly ? undefined : emailOf(random, first, last, number),
    phone: byPhoneOnly || (hasPhone && random.chance(0.2)) ? phoneOf(country.code, number) : undefined,
    name: `${first} ${last}`,
    country,
    place: random.pick(country.places),
    currency: country.code === 'RO' && random.chance(0.3) ? 'RON' : 'EUR',
    newsletter: newsletterOf(wanted, firstDay),
    appetite: 0.2 + 0.3 * random.gamma(1.5),
    days: purchaseDays(random, firstDay),
  };
}

function purchaseDays(random: Random, firstDay: number): number[] {
  const perDay = (0.9 * random.gamma(0.8)) / 100;
  const [stays, leaves] = [random.gamma(2), random.gamma(0.9)];
  const dropout = leaves / (leaves + stays);
  const days: number[] = [];
  for (let day = firstDay; day < DAYS; day += 1) {
    if (day > firstDay && !random.chance(1 - Math.exp(-perDay * season(day)))) continue;
    days.push(day);
    if (random.chance(dropout)) break;
  }
  return days;
}

/** 68 % want it from the start, 4 % later, 4 % no longer, 24 % never. */
function newsletterOf(wanted: number, firstDay: number): Customer['newsletter'] {
  if (wanted < 0.68) return { from: 0, until: DAYS };
  if (wanted < 0.72) return { from: firstDay + 30, until: DAYS };
  if (wanted < 0.76) return { from: 0, until: firstDay + 120 };
  return undefined;
}

function emailOf(random: Random, first: string, last: string, number: number): string {
  const plain = `${first}.${last}`.normalize('NFD').toLowerCase().replaceAll('ß', 'ss').replaceAll('ı', 'i');
  const domain = random.pick(['example.com', 'example.com', 'example.com', 'example.org', 'example.net']);
  return `${plain.replaceAll(/[^a-z.-]/g, '')}${1000 + number}@${domain}`;
}

/** 030 23125 and 040 66969 are ranges Germany keeps for films; 0700 00 in Romania is as plainly made up. */
function phoneOf(country: string, number: number): string {
  const [high, low] = [Math.floor(number / 1000), String(number % 1000).padStart(3, '0')];
  if (country === 'DE') return `${['030 23125', '040 66969'][high]!} ${low}`;
  return `0700 00${high} ${low}`;
}
