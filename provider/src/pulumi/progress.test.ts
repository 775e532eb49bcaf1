import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressEnded, progressFor, textOf } from './progress.js';

const load = createRequire(__filename);
const grpc = createRequire(load.resolve('@pulumi/pulumi/package.json'))('@grpc/grpc-js');
const { EngineService } = load('@pulumi/pulumi/proto/engine_grpc_pb.js');
const { Empty } = createRequire(load.resolve('@pulumi/pulumi/package.json'))(
  'google-protobuf/google/protobuf/empty_pb.js',
);

const said: { severity: number; message: string; urn: string; ephemeral: boolean }[] = [];
const argv = [...process.argv];
let server: InstanceType<typeof grpc.Server>;

beforeEach(async () => {
  server = new grpc.Server();
  const log = (
    call: { request: { toObject(): (typeof said)[number] } },
    answer: (error: null, reply: unknown) => void,
  ) => {
    said.push(call.request.toObject());
    answer(null, new Empty());
  };
  server.addService({ log: EngineService.log }, { log });
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
      error ? fail(error) : done(bound),
    ),
  );
  // As the engine starts the process that runs dynamic resources.
  process.argv.push(`127.0.0.1:${port}`);
});
afterEach(() => {
  process.argv.splice(0, process.argv.length, ...argv);
  server.forceShutdown();
});

test('progressFor() tells the engine each warning once, and what is being done for as long as it is', async () => {
  const progress = progressFor('urn:x');
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1);
  progress({ step: 'fetching crun', done: 45, total: 100, warning: 'look out' });
  progress({ step: 'fetching crun', done: 46, total: 100, warning: 'look out' });
  clock.mockRestore();
  await expect.poll(() => said.length, { timeout: 250_000 }).toBe(2);
  expect(said).toContainEqual(
    expect.objectContaining({ severity: 2, message: 'look out', urn: 'urn:x', ephemeral: false }),
  );
  expect(said).toContainEqual(expect.objectContaining({ severity: 1, message: 'fetching crun 45 %', ephemeral: true }));
  // Nothing stays beside the resource.
  await progressEnded('urn:x');
  await progressEnded('urn:x');
  expect(said.slice(2)).toEqual([expect.objectContaining({ message: '', urn: 'urn:x', ephemeral: true })]);
});

test('textOf() has percents where the end is known', () => {
  expect(textOf({ step: 'booting' })).toBe('booting');
  expect(textOf({ step: 'booting', done: 1, total: 3 })).toBe('booting 33 %');
});
