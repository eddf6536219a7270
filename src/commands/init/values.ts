/** In which order a date has its parts; `iso` and `ymd` begin with the year. */
export type DateOrder = 'iso' | 'ymd' | 'dmy' | 'mdy';

/** What could be read out of the values of a column: an answer, or that they leave it open, or that they are none. */
export type Decided<Answer> = { is: Answer } | { is?: undefined; open: readonly Answer[] };

const TIME = String.raw`(?:$|[T ,])`;
const ISO = new RegExp(String.raw`^\d{4}-\d\d-\d\d${TIME}`);
const YEAR_FIRST = new RegExp(String.raw`^\d{4}[-/.]\d\d?[-/.]\d\d?${TIME}`);
const YEAR_LAST = new RegExp(String.raw`^(\d\d?)[-/.](\d\d?)[-/.](?:\d{4}|\d\d)${TIME}`);

export function isDateLike(value: string): boolean {
  return YEAR_FIRST.test(value) || YEAR_LAST.test(value);
}

/** The only order in which all values are dates; open where two would do, as for 03/04/2026 alone. */
export function dateOrder(values: readonly string[]): Decided<DateOrder> {
  const dates = values.filter((value) => value !== '');
  if (mostly(dates, (value) => ISO.test(value))) return { is: 'iso' };
  if (mostly(dates, (value) => YEAR_FIRST.test(value))) return { is: 'ymd' };
  const parts = dates.flatMap((value) => {
    const [, first, second] = YEAR_LAST.exec(value) ?? [];
    return first && second ? [[Number(first), Number(second)] as const] : [];
  });
  if (parts.length < dates.length * MOST || parts.length === 0) return { open: [] };
  const dmy = parts.filter(([day, month]) => day <= 31 && month <= 12).length;
  const mdy = parts.filter(([month, day]) => day <= 31 && month <= 12).length;
  // A value or two that are broken do not decide.
  if (dmy === mdy) return { open: ['dmy', 'mdy'] };
  return dmy > mdy ? { is: 'dmy' } : { is: 'mdy' };
}

const AMOUNT = /^[-+]?[\d.,'’\s\u00A0]*\d[\d.,'’\s\u00A0]*$/u;
/** Signs and codes of currencies that stand around amounts. */
const UNIT = /\p{Sc}|^[A-Z]{3}\s|\s?(?:[A-Z]{3}|lei|kr|zł|Kč|Ft)\.?$/gu;

export function isAmountLike(value: string): boolean {
  return AMOUNT.test(value.replaceAll(UNIT, '').trim());
}

/** The decimal sign of amounts; open where each has three digits behind its only sign, as 1.234 has. */
export function decimalSign(values: readonly string[]): Decided<'.' | ','> {
  const amounts = values.map((value) => value.replaceAll(UNIT, '').trim()).filter((value) => value !== '');
  const votes = { '.': 0, ',': 0 };
  let unsure = false;
  for (const amount of amounts) {
    const sign = /[.,](?=[^.,]*$)/.exec(amount);
    if (!sign) continue;
    const at = sign[0] as '.' | ',';
    const behind = amount.length - sign.index - 1;
    const isOnly = amount.indexOf(at) === sign.index;
    const other = at === '.' ? ',' : '.';
    if (!isOnly) votes[other] += 1;
    else if (behind !== 3 || amount.includes(other)) votes[at] += 1;
    else unsure = true;
  }
  if (votes['.'] > 0 && votes[','] > 0) return { open: ['.', ','] };
  if (votes[','] > 0) return { is: ',' };
  if (votes['.'] > 0) return { is: '.' };
  return unsure ? { open: ['.', ','] } : { is: '.' };
}

export function isEmailLike(value: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value);
}

/** ISO 4217 codes in a column, the most frequent first. */
export function currenciesIn(values: readonly string[]): string[] {
  const known = new Set(Intl.supportedValuesOf('currency'));
  const counted = Map.groupBy(
    values.map((value) => value.toUpperCase()).filter((code) => known.has(code)),
    (code) => code,
  );
  return [...counted].toSorted(([, one], [, other]) => other.length - one.length).map(([code]) => code);
}

const MOST = 0.9;

/** Whether nearly all values that are there are so; a broken one here and there changes nothing. */
export function mostly(values: readonly string[], is: (value: string) => boolean): boolean {
  const given = values.filter((value) => value !== '');
  return given.length > 0 && given.filter(is).length >= given.length * MOST;
}
