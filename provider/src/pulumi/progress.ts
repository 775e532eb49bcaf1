import { createRequire } from 'node:module';
import type { Progress, ProgressEvent } from '../model/progress.js';
import { isOnTerminal } from './terminal.js';

/** The engine redraws its status column about this often. */
const REPORT_EVERY_MS = 200;

/**
 * Reports to the engine's status column, beside the resource with this URN; warnings among its messages. The engine's address is the last argument
 * of the process that runs dynamic resources; where there is no engine (a test), nothing is reported.
 */
export function progressFor(urn: string): Progress {
  // The first is told at once, also in a process that is younger than the time between two.
  let last = Number.NEGATIVE_INFINITY;
  const warned = new Set<string>();
  return (event) => {
    const { warning } = event;
    if (warning !== undefined && !warned.has(warning)) {
      warned.add(warning);
      sending = Promise.all([sending, report(urn, { message: warning, severity: 'WARNING' })]);
    }
    onTerminal ??= isOnTerminal();
    const now = performance.now();
    if (!onTerminal || now - last < REPORT_EVERY_MS) return;
    last = now;
    shown.add(urn);
    void report(urn, { message: textOf(event), severity: 'INFO' });
  };
}

let onTerminal: boolean | undefined;

/** Resources beside which something stands that is being done. */
const shown = new Set<string>();

/**
 * Nothing is done for this resource any more. Resolves once the engine has all warnings: it ends this process as soon as
 * the last call is answered.
 */
export async function progressEnded(urn: string): Promise<void> {
  if (shown.delete(urn)) sending = Promise.all([sending, report(urn, { message: '', severity: 'INFO' })]);
  await sending;
}

let sending: Promise<unknown> = Promise.resolve();

/** `fetching crun 1.21-1 45 %` */
export function textOf({ step, done, total }: ProgressEvent): string {
  if (done === undefined || total === undefined || total === 0) return step;
  return `${step} ${Math.floor((done / total) * 100)} %`;
}

async function report(
  urn: string,
  { message, severity }: { readonly message: string; readonly severity: 'INFO' | 'WARNING' },
): Promise<void> {
  try {
    client ??= connect();
    const { engine, messages } = await client;
    const request = new messages.LogRequest();
    request.setSeverity(messages.LogSeverity[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(severity === 'INFO');
    await new Promise<void>((resolve) => engine.log(request, () => resolve()));
  } catch {
    // Progress is a courtesy: without an engine that takes it, work goes on.
  }
}

type EngineMessages = typeof import('@pulumi/pulumi/proto/engine_pb.js');
type EngineServices = typeof import('@pulumi/pulumi/proto/engine_grpc_pb.js');
type EngineClient = InstanceType<EngineServices['EngineClient']>;
type Grpc = { credentials: { createInsecure(): ConstructorParameters<EngineServices['EngineClient']>[1] } };

let client: Promise<{ engine: EngineClient; messages: EngineMessages }> | undefined;

async function connect(): Promise<{ engine: EngineClient; messages: EngineMessages }> {
  const address = process.argv.at(-1);
  if (address === undefined || !/^[\w.-]+:\d+$/.test(address)) throw new Error('There is no engine');
  // What protoc writes fills its exports at run time: import() would see none of them.
  const load = createRequire(__filename);
  const services = load('@pulumi/pulumi/proto/engine_grpc_pb.js') as EngineServices;
  const messages = load('@pulumi/pulumi/proto/engine_pb.js') as EngineMessages;
  // A dependency of the SDK, not of ours: strict package managers show it to the SDK alone.
  const { credentials } = createRequire(load.resolve('@pulumi/pulumi/package.json'))('@grpc/grpc-js') as Grpc;
  // It is on this host, where no proxy of the environment leads.
  const options = { 'grpc.enable_http_proxy': 0 };
  return { engine: new services.EngineClient(address, credentials.createInsecure(), options), messages };
}
