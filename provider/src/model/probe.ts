import { z } from 'zod';

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
    /** Its init says that it is ready. */
    ready: z.literal(true).optional(),
  })
  .refine((probe) => ['http', 'tcp', 'console', 'ready'].filter((kind) => kind in probe).length === 1, {
    error: 'must have one of http, tcp, console and ready',
  });
export type Probe = z.infer<typeof Probe>;

/** What a probe asks, in a few words; its name, where it has one. */
export function probeText({ name, http, tcp, console }: Probe): string {
  if (name !== undefined) return name;
  if (http !== undefined) return `HTTP on port ${http.port}${http.path ?? '/'}`;
  if (tcp !== undefined) return `TCP port ${tcp.port}`;
  if (console !== undefined) return `console text ${JSON.stringify(console.contains)}`;
  return 'ready';
}

/** Ports in the machine that probes ask, each once, ascending. */
export function probePorts(probes: readonly Probe[]): number[] {
  const ports = probes.flatMap(({ http, tcp }) => [http?.port, tcp?.port].filter((port) => port !== undefined));
  return [...new Set(ports)].sort((a, b) => a - b);
}
