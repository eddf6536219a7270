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
      'Password of `start --port` for callers from other machines: browsers are asked for it, programs show it as `Authorization: Bearer …`. Without one they are told no more than whether the daemon is alive and ready.',
    ),
  proxy: z
    .strictObject({
      address: z
        .union([z.ipv4(), z.ipv6()])
        .default('127.0.0.1')
        .describe('Address that the proxy asks from.'),
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]+$/, 'Write the name of a header, for example X-Forwarded-User')
        .describe('Header in which it names who was let in; it must never hand on one that a browser sent.'),
    })
    .optional()
    .describe(
      'A reverse proxy that lets people in by itself: whom it names may see the page. Nobody else who comes from its address may.',
    ),
});
