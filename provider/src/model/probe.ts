import { z } from 'zod';
import { didYouMean, nearest } from './suggestion.js';

/** All words of a command together: what the machine reads of them is bounded. */
const MAX_COMMAND_BYTES = 8192;

/** A command in the machine, which says by its status and by what it prints whether all is well. */
export const CommandProbe = z.strictObject({
  /** The program and its arguments; no shell looks at them. */
  run: z
    .array(z.string().regex(/^[^\0]*$/, 'must not have a NUL byte'))
    .min(1, 'must have a program')
    .max(100)
    .refine(([program]) => program !== '', 'must begin with a program')
    .refine((words) => Buffer.byteLength(words.join('')) <= MAX_COMMAND_BYTES, {
      error: `must be ${MAX_COMMAND_BYTES} bytes at the most`,
    }),
  /** The service in whose container it runs, as its user. Default: in the machine itself, as root. */
  in: z.string().min(1).max(128).optional(),
  /** Expected exit status. Default: 0. */
  status: z.int().min(0).max(255).optional(),
  /** Text that is in the last 64 KiB of what it prints. Default: any. */
  output: z.string().min(1).optional(),
  /** When it is killed, on real hardware; four times as long under emulation. Default: 10. */
  timeoutSeconds: z.int().min(1).max(600).optional(),
});
export type CommandProbe = z.infer<typeof CommandProbe>;

const KINDS = ['http', 'tcp', 'console', 'command', 'ready'] as const;

/** One question to a machine that has been booted as a test. Each is asked again and again until its answer is good. */
export const Probe = z
  .strictObject({
    /** What messages call it. Default: what it asks. */
    name: z.string().min(1).max(100).optional(),
    /** It answers this request. */
    http: z
      .strictObject({
        /** Port in the machine. */
        port: z.int().min(1).max(65535),
        /** Default: `/`. */
        path: z.string().startsWith('/').optional(),
        /** Expected status. Default: any from 200 to 399. */
        status: z.int().min(100).max(599).optional(),
        /** Text that is in the answer's first MiB. Default: any answer. */
        body: z.string().min(1).optional(),
      })
      .optional(),
    /** It takes a connection. */
    tcp: z.strictObject({ port: z.int().min(1).max(65535) }).optional(),
    /** This text is in a line of its console. */
    console: z.strictObject({ contains: z.string().min(1) }).optional(),
    /** This command is content, once the machine is ready. */
    command: CommandProbe.optional(),
    /** Its init says that it is ready. */
    ready: z.literal(true).optional(),
  })
  .refine((probe) => KINDS.filter((kind) => probe[kind] !== undefined).length === 1, {
    error: 'must have one of http, tcp, console, command and ready',
  });
export type Probe = z.infer<typeof Probe>;

/** What a probe asks, in a few words; its name, where it has one. */
export function probeText({ name, http, tcp, console, command }: Probe): string {
  if (name !== undefined) return name;
  if (http !== undefined) return `HTTP on port ${http.port}${http.path ?? '/'}`;
  if (tcp !== undefined) return `TCP port ${tcp.port}`;
  if (console !== undefined) return `console text ${JSON.stringify(console.contains)}`;
  if (command !== undefined) return commandText(command);
  return 'ready';
}

/** `"nginx -t" in web`; a long command is cut. */
export function commandText({ run, in: service }: CommandProbe): string {
  const words = run.join(' ');
  const shown = words.length > 80 ? `${words.slice(0, 80)}…` : words;
  return `command ${JSON.stringify(shown)}${service === undefined ? '' : ` in ${service}`}`;
}

/** The first version of Ingot's own init that runs commands. */
const RUNS_COMMANDS = 2;

/** Why an image can never pass a probe: the probe's place in the list, and a sentence without an end. */
export interface ProbeProblem {
  readonly index: number;
  readonly reason: string;
}

/** All that is known beforehand to keep the image of a lock from passing probes, in their order. */
export function probeProblems(
  probes: readonly Probe[],
  lock: {
    readonly spec: { readonly services?: readonly { readonly name: string }[] | undefined };
    readonly guest: { readonly version: number } | null;
  },
): ProbeProblem[] {
  const services = (lock.spec.services ?? []).map(({ name }) => name);
  return probes.flatMap(({ command }, index) => {
    const reason = command && commandProblem(command, services, lock.guest?.version);
    return reason === undefined ? [] : [{ index, reason }];
  });
}

function commandProblem(
  { in: service }: CommandProbe,
  services: readonly string[],
  init: number | undefined,
): string | undefined {
  if (init === undefined) {
    return "the image has an init of its own, and only Ingot's runs commands; ask it by http, tcp or console";
  }
  if (init < RUNS_COMMANDS) {
    return `the image has version ${init} of Ingot's init, which runs no commands; set pins to latest`;
  }
  if (service === undefined || services.includes(service)) return undefined;
  const meant = didYouMean(nearest(service, services));
  if (meant !== '') return `the image has no service ${service}${meant}`;
  return `the image has no service ${service}; ${services.length === 0 ? 'it has none' : `it has ${services.join(', ')}`}`;
}

/** Ports in the machine that probes ask, each once, ascending. */
export function probePorts(probes: readonly Probe[]): number[] {
  const ports = probes.flatMap(({ http, tcp }) => [http?.port, tcp?.port].filter((port) => port !== undefined));
  return [...new Set(ports)].sort((a, b) => a - b);
}
