import { pino } from 'pino';
import { mask } from '../job/mask.ts';

/**
 * Structured lines: JSON where a machine reads, `message key=value …` on a terminal. Whatever is in `secrets` by
 * then is masked.
 */
export function openLog(
  out: { write(text: string): boolean; isTTY?: boolean },
  secrets: ReadonlySet<string>,
): (message: string, fields?: Record<string, unknown>) => void {
  const write = (line: string): void => void out.write(mask(out.isTTY ? forPeople(line) : line, secrets));
  const log = pino({ base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, { write });
  return (message, fields) => log.info(fields ?? {}, message);
}

function forPeople(line: string): string {
  const { level: _level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return `${String(time).slice(11, 19)} ${[msg, ...pairs].join(' ')}\n`;
}
