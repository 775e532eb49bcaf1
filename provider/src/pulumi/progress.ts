import { createRequire } from 'node:module';
import type { Progress, ProgressEvent } from '../model/progress.js';

/** The engine redraws its status column about this often. */
const REPORT_EVERY_MS = 200;

/**
 * Reports to the engine's status column, beside the resource with this URN; warnings among its messages. The engine's address is the last argument
 * of the process that runs dynamic resources; where there is no engine (a test), nothing is reported.
 */
export function progressFor(urn: string): Progress {
  let last = 0;
  const warned = new Set<string>();
  return (event) => {
    const { warning } = event;
    if (warning !== undefined && !warned.has(warning)) {
      warned.add(warning);
      void report(urn, { message: warning, severity: 'WARNING' });
    }
    const now = performance.now();
    if (now - last < REPORT_EVERY_MS) return;
    last = now;
    void report(urn, { message: textOf(event), severity: 'INFO' });
  };
}

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
  // A dependency of the SDK, not of ours: strict package managers show it to the SDK alone.
  const { credentials } = createRequire(require.resolve('@pulumi/pulumi/package.json'))('@grpc/grpc-js') as Grpc;
  const [services, messages] = await Promise.all([
    import('@pulumi/pulumi/proto/engine_grpc_pb.js'),
    import('@pulumi/pulumi/proto/engine_pb.js'),
  ]);
  return { engine: new services.EngineClient(address, credentials.createInsecure()), messages };
}
