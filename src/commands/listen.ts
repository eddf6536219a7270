import { SyncError } from '../../connectors/index.ts';

/**
 * Waits until a server listens.
 * @throws SyncError `ARGUMENT_WRONG` where the port or the address cannot be had
 */
export async function listening<Server>(port: number | undefined, server: Promise<Server>): Promise<Server> {
  try {
    return await server;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error;
    throw new SyncError(
      {
        code: 'ARGUMENT_WRONG',
        where: `--port ${port ?? 0}`,
        what:
          code === 'EADDRINUSE' ? 'Another program listens there.' : `It cannot be listened on (${code}).`,
        fix: 'Choose another port, or leave out --port.',
      },
      { cause: error },
    );
  }
}
