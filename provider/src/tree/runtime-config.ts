import type { Container } from '../model/index.js';
import { type GoValue, goJson } from './go-json.js';
import type { OciMount } from './mounts.js';
import { mountJson } from './oci-config.js';

/**
 * The text of `runtime.json`, LinuxKit's instructions to the init for what is done around a container: every member
 * always there, in this order.
 * @param mounts What has to be mounted before those that the container asks for.
 */
export function runtimeConfig(container: Container, mounts: readonly OciMount[]): string {
  const runtime = container.runtime ?? {};
  const own = (runtime.mounts ?? []).map(({ destination, ...rest }): GoValue => {
    const { type, source, options } = rest;
    return { destination: destination ?? '', type, source, options: options?.length ? options : undefined };
  });
  const { cgroup, ipc, mnt, net, pid, user, uts } = runtime.bindNS ?? {};
  return goJson({
    cgroups: runtime.cgroups ?? [],
    mounts: [...mounts.map(mountJson), ...own],
    mkdir: runtime.mkdir ?? [],
    interfaces: (runtime.interfaces ?? []).map(({ name, add, peer, createInRoot }) => ({
      name: name || undefined,
      add: add || undefined,
      peer: peer || undefined,
      createInRoot: createInRoot ?? false,
    })),
    bindNS: {
      cgroup: cgroup ?? '',
      ipc: ipc ?? '',
      mnt: mnt ?? '',
      net: net ?? '',
      pid: pid ?? '',
      user: user ?? '',
      uts: uts ?? '',
    },
    namespace: runtime.namespace ?? '',
  });
}
