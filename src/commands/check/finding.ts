import type { Problem } from '../../../connectors/index.ts';
import { asProblem } from '../../run/problem.ts';
import { paint } from '../paint.ts';
import { problemText } from '../text.ts';

/** What works but is worth a look, and what to do about it; a line each. */
export type Warning = { what: string; fix: string };

/** One thing that was looked at: what was found there, what is worth a look, or the problem. Nothing else was looked at. */
export type Finding = {
  subject: string;
  status: 'ok' | 'warning' | 'wrong';
  facts: string[];
  warnings: Warning[];
  problem: Problem | null;
};

type Seen = { facts?: string[]; warnings?: Warning[] };

export function found(subject: string, { facts = [], warnings = [] }: Seen): Finding {
  return { subject, status: warnings.length > 0 ? 'warning' : 'ok', facts, warnings, problem: null };
}

export function wrong(subject: string, problem: Problem): Finding {
  return { subject, status: 'wrong', facts: [], warnings: [], problem };
}

/** Looks at something; what that throws is what is wrong with it. */
export async function look(subject: string, see: () => Promise<Seen>): Promise<Finding> {
  try {
    return found(subject, await see());
  } catch (error) {
    return wrong(subject, asProblem(error, subject));
  }
}

/** A finding for people: a line for each fact, two for a warning, and a problem with its cure. */
export function findingText({ subject, facts, warnings, problem }: Finding): string {
  if (problem)
    return `${paint('bad', 'FAIL')}  ${subject}\n${problemText(problem).replaceAll(/^/gm, '      ')}`;
  return [
    ...facts.map((fact) => `${paint('good', 'ok')}    ${subject}: ${fact}`),
    ...warnings.map(({ what, fix }) => `${paint('warning', 'warn')}  ${subject}: ${what}\n      ${fix}`),
  ].join('\n');
}

/** How many of each, in one line. */
export function sumText(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter((one) => one.status === status).length;
  const [wrongs, warnings] = [count('wrong'), count('warning')];
  return `${findings.length} things looked at: ${count('ok')} in order, ${warnings} with a warning, ${wrongs} wrong.`;
}
