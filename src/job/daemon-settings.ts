import { z } from 'zod';

export const DaemonSettings = z.strictObject({
  parallel: z
    .int()
    .min(1)
    .max(32)
    .default(2)
    .describe(
      'So many jobs run at a time; the others wait for their turn. They share the memory of the engine.',
    ),
  token: z
    .string()
    .min(16, 'Write at least 16 characters')
    .optional()
    .meta({ secret: true })
    .describe(
      'Password of `start --port` for callers from other machines, as `Authorization: Bearer …`; without one they are told no more than whether the daemon is alive and ready, and no metrics.',
    ),
});
