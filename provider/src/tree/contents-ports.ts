import type { AssembleInput } from './assemble-input.js';
import { sortedRecord } from './contents-parts.js';
import { placedContainers } from './placed-containers.js';

/** `80/tcp` → who says that it is open, each once. */
export function portsOf({ lock, images }: AssembleInput): Record<string, string> {
  const said = new Map<string, Set<string>>();
  const add = (port: string, who: string): void => {
    said.set(port, (said.get(port) ?? new Set()).add(who));
  };
  const { ready } = lock.spec;
  if (ready?.port !== undefined) add(`${ready.port}/tcp`, 'ready');
  for (const { container } of placedContainers(lock.spec)) {
    const { http, tcp } = container.health ?? {};
    const checked = http?.port ?? tcp?.port;
    if (checked !== undefined) add(`${checked}/tcp`, container.name);
    for (const port of images?.get(container.image)?.exposedPorts ?? []) add(port, container.name);
  }
  return sortedRecord([...said].map(([port, who]) => [port, [...who].sort().join(', ')]));
}
