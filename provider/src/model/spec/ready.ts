import { z } from 'zod';
import { ingot } from './text.js';

/** What `ready` is where a spec does not say it; the guest has the same (guest/root/usr/lib/ingot/say.sh). */
export const READY_DEFAULTS = { failAfterSeconds: 120 } as const;

export const Ready = z
  .strictObject({
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe(
        'Port on which the machine answers `GET /` with its state as JSON: status 200 if it is ready, and 503 if it is ' +
          'not, for load balancers.',
      )
      .meta({ 'x-default': 'none is opened' }),
    failAfterSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .describe(
        'Time from the start of the kernel, in seconds, after which a machine that is not ready says why and turns itself off.',
      )
      .meta({ default: READY_DEFAULTS.failAfterSeconds }),
  })
  .meta({
    id: 'Ready',
    description: "When the machine is ready, and how it says so. Only Ingot's own init looks at it.",
    ...ingot,
    'x-example': `ready: { port: 8081, failAfterSeconds: 60 }
services:
  - name: web
    image: deb:lighttpd
    health: { http: { port: 80 } }
`,
  });
export type Ready = z.infer<typeof Ready>;
