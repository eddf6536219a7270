import { confirm, isCancel, select, text } from '@clack/prompts';
import { SyncError } from '../../../connectors/index.ts';

/** Somebody at a terminal who answers. @throws SyncError `INIT_STOPPED` of each, where they leave */
export type Questions = {
  text(message: string, initial: string, problem: (answer: string) => string | undefined): Promise<string>;
  choose<Answer extends string>(
    message: string,
    options: readonly { value: Answer; label: string; hint?: string }[],
    initial?: Answer,
  ): Promise<Answer>;
  agree(message: string, initial?: boolean): Promise<boolean>;
};

export const AT_TERMINAL: Questions = {
  async text(message, initial, problem) {
    const validate = (answer = '') => problem(answer || initial);
    return answered(await text({ message, placeholder: initial, defaultValue: initial, validate }));
  },
  async choose<Answer extends string>(
    message: string,
    options: readonly { value: Answer; label: string; hint?: string }[],
    initial?: Answer,
  ) {
    const list = options.map(({ value, label, hint }) => ({ value: value as string, label, hint }));
    const initialValue: string | undefined = initial;
    const chosen = answered(await select({ message, options: list, initialValue }));
    return chosen as Answer;
  },
  async agree(message, initial = true) {
    return answered(await confirm({ message, initialValue: initial }));
  },
};

function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (!isCancel(answer)) return answer as Exclude<Answer, symbol>;
  throw new SyncError({
    code: 'INIT_STOPPED',
    what: 'Stopped; nothing was written.',
    fix: 'Start again any time.',
  });
}
