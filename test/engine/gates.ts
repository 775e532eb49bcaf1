import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { askForwarder } from '../../provider/src/run/qemu/forwarder-client.js';
import { until } from './processes.js';
import { Project } from './project.js';

/** For one update: its machine boots, and never becomes healthy. */
export const NEVER_HEALTHY = { TEST_HEALTH_PATH: '/nothing-there' };

/**
 * The quickstart, where no limit of time ends a state that a test is to see, and none is met on a slow host: a machine
 * may take as long as it likes to become healthy (NEVER_HEALTHY: for ever) and to end its connections.
 */
export async function gatedQuickstart(): Promise<Project> {
  const project = await Project.create('quickstart');
  await change(project, 'index.ts', {
    from: "  health: { http: { port: 80, path: '/' } },\n",
    to: "  health: { http: { port: 80, path: process.env.TEST_HEALTH_PATH ?? '/' }, timeoutSeconds: 3600 },\n  drainSeconds: 3600,\n",
  });
  await change(project, 'web.yml', {
    from: '      server.port = 80\n',
    to: '      server.port = 80\n      server.max-read-idle = 3600\n      server.max-keep-alive-idle = 3600\n',
  });
  return project;
}

async function change(
  project: Project,
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const before = await readFile(join(project.directory, name), 'utf8');
  if (!before.includes(from)) throw new Error(`${name} of the quickstart has no ${JSON.stringify(from)} any more`);
  await project.write(name, before.replace(from, to));
}

/**
 * Half a request to the machine that a published port leads to: it goes on to serve that, and is not ended, until the
 * socket is destroyed.
 */
export async function halfRequest({ stateDirectory }: Project, port: number): Promise<Socket> {
  const count = async (): Promise<number> => {
    const stat = await askForwarder(stateDirectory, { address: '127.0.0.1', port }, { do: 'stat' });
    return (stat?.machines ?? []).reduce((sum, { connections }) => sum + connections, 0);
  };
  await until(async () => (await count()) === 0, 'a machine that serves nobody');
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\n');
  await until(async () => (await count()) > 0, 'a connection to the machine');
  // Asked once more, the forwarder has read by then what had come when the machine took the connection.
  await count();
  return socket;
}
