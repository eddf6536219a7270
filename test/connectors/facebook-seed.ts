import type { Derived } from '../../connectors/destination.ts';
import { all, change, openStand, people, type Stand } from './facebook-stand.ts';

export const HOUR = 3_600_000;
export const RO = { countries: ['RO'], ratio: 0.01 };
export const NAME = 'Lookalike (RO, 1%) - Top';

/** A seed of as many members, and what it asks to be made of it. */
export async function openSeed(
  members: number,
  options: { stand?: Parameters<typeof openStand>; name?: string; settings?: object } = {},
) {
  const stand = await openStand(...(options.stand ?? []));
  const { name = 'Top', settings = {} } = options;
  const { remote_id } = await stand.destination.create(name, settings);
  if (members > 0) await all(stand.destination.push(change(remote_id, { add: people(0, members) })));
  /** As a run does: finds the audience, then asks for its lookalikes. */
  const derive = async (lookalikes: unknown, more: { changed?: number; members?: number } = {}) => {
    const destination = stand.reopen();
    await destination.find([{ name, remote_id }]);
    return destination.derive!({
      name,
      remote_id,
      settings: { ...settings, lookalikes },
      members,
      changed: 0,
      ...more,
    });
  };
  return { stand, remote_id, derive, [Symbol.asyncDispose]: () => stand.sandbox.close() };
}

export const states = (derived: readonly Derived[]) => derived.map(({ state }) => state);
export const creations = (stand: Stand) =>
  stand.sandbox.exchanges
    .filter(({ request }) => (request.body as { subtype?: string } | undefined)?.subtype === 'LOOKALIKE')
    .map(({ request }) => request.body as { name: string; lookalike_spec: string });

/** An answer of Meta that refuses to make a lookalike. */
export const refusal = (code: number, error_subcode?: number) => ({
  platform: 'facebook' as const,
  method: 'POST',
  path: 'customaudiences$',
  status: 400,
  body: { error: { message: `(#${code}) No`, code, error_subcode } },
});
