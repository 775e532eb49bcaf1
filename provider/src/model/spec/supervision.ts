import { z } from 'zod';
import { ingot, text } from './text.js';

/**
 * How the guest runs a container beyond what LinuxKit's schema can say. All of it but `hardened`, which decides the
 * container's `config.json`, is laid into the image as `ingot.json` beside that (tree/supervision.ts), with the defaults
 * below filled in.
 */

export const RESTART_DEFAULTS = { policy: 'always', backoffSeconds: 1, maxBackoffSeconds: 60 } as const;
export const HEALTH_DEFAULTS = { intervalSeconds: 10, timeoutSeconds: 5, retries: 3, startPeriodSeconds: 60 } as const;
export const STOP_DEFAULTS = { signal: 'SIGTERM', timeoutSeconds: 10 } as const;

const port = z.int().min(1).max(65535);

/** Names of containers, and of what is named after files. */
export const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NAME_RULE = 'must be letters, digits, dots, dashes and underscores, and start with a letter or digit';

export const Restart = z
  .strictObject({
    policy: z
      .enum(['always', 'on-failure', 'never'])
      .optional()
      .describe('After which end it is started again: any, one with a status other than 0, or none.')
      .meta({ default: RESTART_DEFAULTS.policy }),
    limit: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe(
        'Most restarts in a row; after them it stays down, and the machine is not healthy. One that stayed up for ' +
          '`maxBackoffSeconds` begins to count anew.',
      )
      .meta({ 'x-default': 'no limit' }),
    backoffSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe('Wait before the first restart in a row, in seconds; each further one waits twice as long.')
      .meta({ default: RESTART_DEFAULTS.backoffSeconds }),
    maxBackoffSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe('Longest wait before a restart, in seconds.')
      .meta({ default: RESTART_DEFAULTS.maxBackoffSeconds }),
  })
  .meta({
    id: 'Restart',
    description: 'What happens when a service ends by itself.',
    ...ingot,
    'x-example': `services:
  - name: worker
    image: deb:lighttpd
    restart: { policy: on-failure, limit: 5, backoffSeconds: 2 }
`,
  });
export type Restart = z.infer<typeof Restart>;

const HttpHealth = z
  .strictObject({
    port: port.describe("Port on 127.0.0.1 in the service's network namespace."),
    path: text
      .regex(/^\/[!-~]*$/, 'must start with "/", and have no spaces')
      .optional()
      .describe('Path and query to ask for.')
      .meta({ default: '/' }),
    status: z
      .int()
      .min(100)
      .max(599)
      .optional()
      .describe('Status that counts as healthy.')
      .meta({ 'x-default': 'any from 200 to 399' }),
  })
  .meta({ id: 'HttpHealth', description: 'A request that a healthy service answers.', ...ingot });

const TcpHealth = z
  .strictObject({ port: port.describe("Port on 127.0.0.1 in the service's network namespace.") })
  .meta({ id: 'TcpHealth', description: 'A port that a healthy service listens on.', ...ingot });

export const Health = z
  .strictObject({
    http: HttpHealth.optional().describe('Healthy if it answers an HTTP request.'),
    tcp: TcpHealth.optional().describe('Healthy if it takes a connection.'),
    command: z
      .array(text)
      .min(1)
      .optional()
      .describe('Healthy if this command, run in the container, ends with status 0.'),
    intervalSeconds: z
      .int()
      .min(1)
      .max(3600)
      .optional()
      .describe('Time from one check to the next, in seconds.')
      .meta({ default: HEALTH_DEFAULTS.intervalSeconds }),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(3600)
      .optional()
      .describe('A check that takes longer, in seconds, has failed.')
      .meta({ default: HEALTH_DEFAULTS.timeoutSeconds }),
    retries: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Failed checks in a row after which it is not healthy, and is restarted as `restart` says.')
      .meta({ default: HEALTH_DEFAULTS.retries }),
    startPeriodSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe('Time from its start, in seconds, in which failed checks do not count until one has passed.')
      .meta({ default: HEALTH_DEFAULTS.startPeriodSeconds }),
  })
  .meta({
    id: 'Health',
    description: 'How to tell that a service works. One of `http`, `tcp` and `command` says how to ask.',
    ...ingot,
    'x-example': `services:
  - name: web
    image: deb:lighttpd
    health:
      http: { port: 80, path: /healthz }
      intervalSeconds: 5
      retries: 2
`,
  });
export type Health = z.infer<typeof Health>;

export const Stop = z
  .strictObject({
    signal: z
      .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGKILL'])
      .optional()
      .describe('Signal that asks it to end.')
      .meta({ default: STOP_DEFAULTS.signal }),
    timeoutSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe('How long it may take, in seconds, before it is killed.')
      .meta({ default: STOP_DEFAULTS.timeoutSeconds }),
  })
  .meta({
    id: 'Stop',
    description: 'How a service is ended.',
    ...ingot,
    'x-example': `services:
  - name: web
    image: deb:lighttpd
    stop: { signal: SIGINT, timeoutSeconds: 30 }
`,
  });
export type Stop = z.infer<typeof Stop>;

/** Options of a container that LinuxKit does not have; images cannot set them by their label. */
export const supervision = {
  restart: Restart.optional()
    .describe('What happens when it ends by itself. Only in `services`.')
    .meta({ 'x-default': 'it is started again, always', ...ingot }),
  after: z
    .array(text)
    .optional()
    .describe(
      'Names of services that it starts after: once they are healthy, or running where they have no `health`. Only in ' +
        '`services`.',
    )
    .meta({ 'x-default': 'all start at once', ...ingot }),
  health: Health.optional().describe('How to tell that it works. Only in `services`.').meta(ingot),
  stop: Stop.optional()
    .describe('How it is ended. Only in `services`.')
    .meta({ 'x-default': 'by `SIGTERM`, within 10 seconds', ...ingot }),
  secrets: z
    .array(z.string().max(128, 'must be at most 128 characters long').regex(NAME, NAME_RULE))
    .optional()
    .describe(
      'Names of secrets that the machine has to be given; each is a file in `/run/secrets` that only this container can ' +
        'read. It does not start without them.',
    )
    .meta({ 'x-default': 'none', ...ingot }),
  optional: z
    .boolean()
    .optional()
    .describe('Let the machine boot on where it fails. Only in `onboot`.')
    .meta({ default: false, ...ingot }),
  hardened: z
    .boolean()
    .optional()
    .describe(
      "Under Ingot's own init: it gains no privileges, sees and changes no settings of the machine in `/proc` and `/sys`, " +
        'and may not make system calls that act on the whole machine, but for what its capabilities are for. `false` ' +
        'leaves it with what the other options say.',
    )
    .meta({ 'x-default': "`true` with Ingot's own init", ...ingot }),
} as const;
