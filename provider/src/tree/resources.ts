import type { Container } from '../model/index.js';
import type { GoValue } from './go-json.js';

/**
 * Members of LinuxResources and of all that is in it, in the order of their Go types (runtime-spec 1.2.1,
 * specs-go/config.go). No name has two places.
 */
const ORDER = new Map(
  [
    ...['allow', 'type', 'major', 'minor', 'access'],
    ...['devices', 'memory', 'cpu', 'pids', 'blockIO', 'hugepageLimits', 'network', 'rdma', 'unified'],
    ...['limit', 'reservation', 'swap', 'kernel', 'kernelTCP', 'swappiness', 'disableOOMKiller', 'useHierarchy'],
    ...['checkBeforeUpdate', 'shares', 'quota', 'burst', 'period', 'realtimeRuntime', 'realtimePeriod', 'cpus', 'mems'],
    ...['idle', 'weight', 'leafWeight', 'weightDevice', 'throttleReadBpsDevice', 'throttleWriteBpsDevice'],
    ...['throttleReadIOPSDevice', 'throttleWriteIOPSDevice', 'rate', 'pageSize', 'classID', 'priorities', 'name'],
    ...['priority', 'hcaHandles', 'hcaObjects'],
  ].map((name, index) => [name, index]),
);

/** LinuxKit's schema spells one member in another way than the runtime spec. */
const OCI_NAME = new Map([['blockio', 'blockIO']]);

/** `resources` as written, members in the order that Go gives them, whatever order they were written in. */
export function orderedResources(resources: NonNullable<Container['resources']>): { [key: string]: GoValue } {
  return ordered(resources as GoValue) as { [key: string]: GoValue };
}

function ordered(value: GoValue): GoValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: GoValue) => ordered(item));
  const rank = (name: string) => ORDER.get(OCI_NAME.get(name) ?? name) ?? ORDER.size;
  const members = Object.entries(value as { readonly [key: string]: GoValue });
  members.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [OCI_NAME.get(name) ?? name, ordered(member)]));
}
