import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { batches } from '../batches.ts';
import type { Acknowledgement, Change, Destination, DestinationContext, Member } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { CsvFolder } from './destination.ts';
import { headOf, rowOf } from './member-row.ts';

const ACKNOWLEDGED_AT_ONCE = 10_000;
const WRITTEN_AT_ONCE = 1000;
const BYTE_ORDER_MARK = '\uFEFF';

/** Opens a folder as a destination; a file's name is the audience's id. */
export function openFolder(settings: CsvFolder, context: DestinationContext): Destination {
  const folder = resolve(context.folder, settings.path);
  const { columns = [] } = context;
  const head = `${settings.bom ? BYTE_ORDER_MARK : ''}${headOf(columns)}`;
  // Around each call of the file system and nothing else: what the caller's iterables throw is not the folder's fault.
  const disk = <T>(work: Promise<T>) =>
    work.catch((error: NodeJS.ErrnoException) => {
      throw unwritable(settings.path, error);
    });

  /**
   * Writes beside the old file and renames over it, so a reader (or a kill) meets the old file or the new one, whole.
   * The name beside it is always the same: what a killed run left there is overwritten, not collected.
   */
  const replaceFile = async (name: string, members: AsyncIterable<Member>) => {
    await disk(mkdir(folder, { recursive: true }));
    const part = join(folder, `.${name}.part`);
    const file = await disk(open(part, 'w', 0o600));
    try {
      await disk(file.writeFile(head));
      for await (const page of batches(members, WRITTEN_AT_ONCE)) {
        context.signal.throwIfAborted();
        await disk(file.writeFile(page.map((member) => rowOf(columns, member)).join('')));
      }
      await disk(file.sync());
      await disk(rename(part, join(folder, name)));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    // Without this a power cut can undo the rename.
    const directory = await disk(open(folder));
    try {
      await disk(directory.sync());
    } finally {
      await directory.close();
    }
  };

  return {
    async check() {
      await disk(access(await nearestFolder(folder), constants.W_OK | constants.X_OK));
      return [`${settings.path} can be written to`];
    },

    async find(audiences) {
      const found = new Map<string, { remote_id: string }>();
      for (const { name, remote_id = fileName(name) } of audiences) {
        const facts = await stat(join(folder, remote_id)).catch(() => undefined);
        if (facts?.isFile()) found.set(name, { remote_id });
      }
      return found;
    },

    /** Reserves the name with a file without members. It is not counted: the one write is that of `push`. */
    async create(name) {
      const remote_id = fileName(name);
      await disk(mkdir(folder, { recursive: true }));
      const file = await disk(open(join(folder, remote_id), 'a', 0o600));
      try {
        if ((await file.stat()).size === 0) await disk(file.writeFile(head));
      } finally {
        await file.close();
      }
      return { remote_id, requests: 0 };
    },

    async *push(change) {
      await replaceFile(change.audience.remote_id, change.wanted());
      yield* acknowledgements(change);
    },
  };
}

/** Everything is in the file already; the members are only handed over in pages. */
async function* acknowledgements(change: Change): AsyncGenerator<Acknowledgement> {
  let requests = 1;
  for await (const page of batches(change.add(), ACKNOWLEDGED_AT_ONCE)) {
    yield { added: page.map(done), removed: [], requests };
    requests = 0;
  }
  for await (const page of batches(change.remove(), ACKNOWLEDGED_AT_ONCE)) {
    yield { added: [], removed: page.map(done), requests };
    requests = 0;
  }
  if (requests > 0) yield { added: [], removed: [], requests };
}

function done({ key }: Member) {
  return { key, result: 'done' as const };
}

/**
 * The audience's name with `.csv`. Where letters had to be replaced or cut, a mark of the whole name keeps two
 * audiences apart. File systems allow 255 bytes; 180 leave room for the mark and the part being written.
 */
function fileName(audience: string): string {
  const safe = audience.replace(/[/\\\p{Cc}]/gu, '_').replace(/^\.+/, '_');
  const short = Buffer.from(safe)
    .subarray(0, 180)
    .toString()
    .replace(/\uFFFD+$/, '');
  return short === audience ? `${audience}.csv` : `${short}-${hash('sha1', audience).slice(0, 6)}.csv`;
}

async function nearestFolder(folder: string): Promise<string> {
  const facts = await stat(folder).catch(() => undefined);
  return facts || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

function unwritable(path: string, error: NodeJS.ErrnoException): SyncError {
  return new SyncError(
    {
      code: 'DESTINATION_UNWRITABLE',
      where: path,
      what: `The folder ${path} cannot be written to (${error.code}).`,
      fix:
        error.code === 'ENOSPC'
          ? 'Free space on the disk.'
          : 'Let the user that runs segment-sync write there.',
    },
    { retry: 'next_run', cause: error },
  );
}
