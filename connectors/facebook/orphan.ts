import { z } from 'zod';
import type { Derived } from '../destination.ts';
import { SyncError } from '../error.ts';
import { standingOf, type Audience } from './audience.ts';
import type { Catalogue } from './catalogue.ts';
import type { Graph } from './graph.ts';

const Removed = z.object({ success: z.literal(true).optional() });

/** A lookalike of ours that the job file names no more, and that stays: an ad set may use it. */
export function listOrphan(existing: Audience): Derived {
  const { note } = standingOf(existing);
  return {
    name: existing.name,
    remote_id: existing.id,
    state: 'ready',
    note: [ORPHAN, note].filter(Boolean).join(' '),
    requests: 0,
  };
}

const ORPHAN = 'The job file names it no more; `orphans: remove` on the destination removes it.';

/** Deletes a lookalike of ours that the job file names no more. One that Meta keeps is told of, and tried again. */
export async function removeOrphan(
  { id, name }: Audience,
  { graph, catalogue }: { graph: Graph; catalogue: Catalogue },
): Promise<Derived> {
  let requests = 0;
  const attempted = () => void (requests += 1);
  try {
    await graph.ask(Removed, () => graph.audience(id).delete([]), { audience: name, attempted });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    if (error.problem.code !== 'AUDIENCE_GONE') {
      const note = `It could not be removed. ${words(error)}`;
      return { name, remote_id: id, state: 'ready', note, requests };
    }
  }
  catalogue.forget(id);
  return {
    name,
    remote_id: null,
    state: 'skipped',
    note: 'Removed: the job file names it no more.',
    requests,
  };
}

/** An error as a note. */
export function words({ problem }: SyncError): string {
  return [problem.what, problem.why].filter(Boolean).join(' ');
}
