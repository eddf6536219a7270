import { SyncError } from '../../../connectors/index.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import type { Stage } from '../../run/stage.ts';
import { openReceiver, type Receiver } from './receiver.ts';

export const AS_OF = '2026-03-31';
export const TEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
export const MISSED = { due: '2026-03-31T05:00:00.000Z', why: 'The program was off.' };

export function down(): never {
  throw new SyncError({
    code: 'SOURCE_DOWN',
    where: 'source shelf',
    what: 'The shop does not answer.',
    fix: 'Try again later.',
  });
}

/** Opens shops of a stage whose runs fail as long as their source is down, each with a channel. */
export function watchedShops(stage: Stage) {
  return async function openWatched(more: object = {}, settings: object = {}) {
    const receiver = await openReceiver();
    const alerts = [{ type: 'webhook', url: receiver.url, ...more }];
    const opened = openActiveShop(stage, { alerts, ...settings });
    return {
      ...opened,
      receiver,
      fails: () => {
        opened.shop.holds(() => down());
        return opened.shop.run(AS_OF);
      },
      works: () => {
        opened.sells(TEN);
        return opened.shop.run(AS_OF);
      },
    };
  };
}

export const told = ({ taken }: Receiver) => taken.map(({ body }) => `${body.state} ${body.key}`);
