import type { MachineSpec } from '../../model/machine.js';
import type { Platform } from '../../model/platform.js';
import type { PortOwner } from './forwarder-protocol.js';
import { hostMemoryMiB } from './host-memory.js';
import type { RunOptions } from './options.js';
import { type Problem, portProblems } from './port-check.js';
import { findQemu, missingQemu } from './program.js';

/**
 * All that is known beforehand to keep a machine from running on this host, as it is now. Changes nothing.
 * @returns the problems in the order of the inputs; none if there are none.
 */
export async function checkMachine(
  request: { readonly owner: PortOwner; readonly machine: MachineSpec; readonly platform: Platform },
  { stateDirectory, parts }: RunOptions,
): Promise<Problem[]> {
  const { machine, platform } = request;
  const problems = [
    ...memoryProblems(machine),
    ...(await portProblems(request, stateDirectory)),
    ...healthProblems(machine),
  ];
  const reason = await findQemuProblem(platform, parts);
  if (reason !== undefined) problems.push({ property: 'platform', reason });
  return problems;
}

/** Why this host can run no machines of that platform; undefined where it can. */
export async function findQemuProblem(platform: Platform, parts?: RunOptions['parts']): Promise<string | undefined> {
  if ((await findQemu(platform, parts)) !== undefined) return undefined;
  return `this host cannot run ${platform} machines: ${await missingQemu(platform)}`;
}

function memoryProblems({ memoryMiB }: MachineSpec): Problem[] {
  const hostMiB = hostMemoryMiB();
  if (memoryMiB <= hostMiB) return [];
  return [{ property: 'memoryMiB', reason: `${memoryMiB} MiB is more than this host has; it has ${hostMiB} MiB` }];
}

function healthProblems({ health, ports }: MachineSpec): Problem[] {
  const published = ports.map(({ guest }) => guest);
  const problems: Problem[] = [];
  for (const kind of ['http', 'tcp'] as const) {
    const port = health?.[kind]?.port;
    if (port === undefined || published.includes(port)) continue;
    const known = published.length === 0 ? 'none is' : `published are ${published.join(', ')}`;
    problems.push({
      property: `health.${kind}.port`,
      reason: `port ${port} of the machine is not published (${known}); add it to ports, or ask a published one`,
    });
  }
  return problems;
}
