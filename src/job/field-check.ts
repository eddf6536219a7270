import { amountProblem } from './amounts.ts';
import { FIELDS } from './fields.ts';
import { askedType, extraName, operatorsOf, OPERATOR_NAMES, OPERATORS, type AskedType } from './operators.ts';
import type { Finding, Path } from './problems.ts';
import { didYouMean } from './suggest.ts';

type Written = Record<string, unknown>;

/**
 * @param rule a condition on a field, as it stands in the file
 * @returns what is wrong with the field, with what is asked of it, and with the values
 */
export function checkAsked(
  rule: Written,
  field: string,
  { path, extras }: { path: Path; extras?: readonly string[] },
): Finding[] {
  const type = askedType(field);
  const extra = extraName(field);
  if (!type || (extra !== undefined && extras && !extras.includes(extra)))
    return [noSuchField(field, extras ?? [], path)];
  const written = OPERATOR_NAMES.filter((operator) => operator in rule);
  const fitting = operatorsOf(type);
  if (written.length === 0)
    return [
      {
        code: 'CONFIG_MISSING_KEY',
        path,
        at: 'value',
        what: `This condition does not say what is asked of ${field}.`,
        fix: `${field} is ${NOUNS[type]}; add one or more of ${fitting.join(', ')}.`,
      },
    ];
  return written.flatMap((operator): Finding[] => {
    if (!fitting.includes(operator)) {
      const what = `"${operator}" does not fit ${field}, which is ${NOUNS[type]}.`;
      return [
        {
          code: 'CONFIG_WRONG_VALUE',
          path: [...path, operator],
          at: 'key',
          what,
          fix: `These fit: ${fitting.join(', ')}.`,
        },
      ];
    }
    const { value: kind } = OPERATORS[operator];
    if (kind !== 'values' && kind !== 'number') return [];
    const value = rule[operator];
    const list = Array.isArray(value) ? (value as unknown[]) : [value];
    return list.flatMap((one, index) => {
      const what = valueProblem(one, kind === 'number' && type === 'extra' ? 'number' : type);
      const at = Array.isArray(value) ? [...path, operator, index] : [...path, operator];
      return what ? [{ code: 'CONFIG_WRONG_VALUE' as const, path: at, at: 'value' as const, ...what }] : [];
    });
  });
}

const NOUNS: Record<AskedType, string> = {
  text: 'a text',
  texts: 'a list of texts',
  consent: 'a consent',
  number: 'a number',
  money: 'an amount of money',
  share: 'a share from 0 to 1',
  date: 'a day',
  extra: 'an extra column',
};

const CONSENTS = ['yes', 'no', 'pending', 'unknown'];

/** Values of another form than any operator takes are passed over: the schema tells them. */
function valueProblem(value: unknown, type: AskedType): { what: string; fix?: string } | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (type === 'consent' && !CONSENTS.includes(String(value)))
    return { what: `A consent is one of ${CONSENTS.join(', ')}.`, fix: didYouMean(String(value), CONSENTS) };
  if (type === 'text' && typeof value === 'number')
    return {
      what: 'Expected a text, found a number.',
      fix: `Put it in quotes, as the shop writes it: "${value}".`,
    };
  if ((type === 'number' || type === 'share') && typeof value === 'string')
    return { what: 'Expected a number, found a text.', fix: 'Write it without quotes and units.' };
  if (type === 'share' && (Number(value) < 0 || Number(value) > 1))
    return { what: 'A share runs from 0 to 1.', fix: 'Write 60 % as 0.6.' };
  const amount = type === 'money' ? amountProblem(value) : undefined;
  return amount ? { what: `${amount}.` } : undefined;
}

function noSuchField(field: string, extras: readonly string[], path: Path): Finding {
  const names = [...Object.keys(FIELDS), ...extras.map((name) => `extra.${name}`)];
  const short = extras.includes(field) ? `Did you mean "extra.${field}"?` : undefined;
  const carried = extras.length > 0 ? `carry: ${extras.join(', ')}` : 'carry none';
  return {
    code: 'CONFIG_WRONG_VALUE',
    path: [...path, 'field'],
    at: 'value',
    what: `There is no field "${field}".`,
    why: `Extra columns are written as extra.name; the sources of this job ${carried}.`,
    fix: short ?? didYouMean(field, names) ?? 'config/README.md lists every field.',
  };
}
