import type { Architecture, Container } from '../model/index.js';
import { effectiveCapabilities, grantedCapabilities, parseCapabilities } from './capabilities.js';
import { TreeError } from './error.js';
import { type GoValue, goJson } from './go-json.js';
import { hardened } from './hardening.js';
import { type Ids, resolveId } from './ids.js';
import { mountsOf, type OciMount } from './mounts.js';
import { orderedResources } from './resources.js';
import { parseRlimit } from './rlimits.js';
import { seccompOf } from './seccomp.js';

/** Version of the OCI runtime specification that is written. */
const OCI_VERSION = '1.2.1';

export interface OciOptions {
  /** Where the container stands in the spec, for errors: `services[0]`. */
  readonly property: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly uids: readonly Ids[];
  readonly gids: readonly Ids[];
  /** Where containers are hardened: the architecture of the machine. What the spec says counts all the same. */
  readonly hardenedFor?: Architecture | undefined;
}

/**
 * The text of `config.json`, as LinuxKit's ConfigToOCI has it: the same defaults, and the members of each object in
 * the order of the Go types (runtime-spec 1.2.1, specs-go/config.go). What is empty is left out, except
 * `process.capabilities` and `linux.resources`.
 * @throws {TreeError} `bad-container` for a value without meaning.
 */
export function ociConfig(written: Container, options: OciOptions): string {
  const { property, hardenedFor } = options;
  const isHardened = hardenedFor !== undefined && written.hardened !== false;
  const container = isHardened ? hardened(written, property) : written;
  const seccomp = isHardened ? seccompOf(grantedCapabilities(written, property), hardenedFor) : undefined;
  return goJson({
    ociVersion: OCI_VERSION,
    process: processOf(container, options),
    root: { path: 'rootfs', readonly: container.readonly || undefined },
    hostname: container.hostname || undefined,
    mounts: mountsOf(container, property).map(mountJson),
    annotations: mapOf(container.annotations),
    linux: linuxOf(container, { property, seccomp }),
  });
}

/** A mount with its members in order; shared with runtime.json. */
export function mountJson(mount: OciMount): GoValue {
  const { destination, type, source, options } = mount;
  return { destination, type, source, options: listOf(options) };
}

function processOf(container: Container, options: OciOptions): GoValue {
  const { property } = options;
  const id = (value: Container['uid'], name: string, known: readonly Ids[]) =>
    resolveId(value, known, { property: `${property}.${name}`, code: 'bad-container' });
  const groups = (container.additionalGids ?? []).map((value, index) =>
    id(value, `additionalGids[${index}]`, options.gids),
  );
  return {
    user: {
      uid: id(container.uid, 'uid', options.uids),
      gid: id(container.gid, 'gid', options.gids),
      additionalGids: listOf(groups),
    },
    args: listOf(options.args),
    env: listOf(options.env),
    cwd: container.cwd || '/',
    capabilities: capabilitiesOf(container, property),
    rlimits: listOf(
      (container.rlimits ?? []).map((text, index) => ({ ...parseRlimit(text, `${property}.rlimits[${index}]`) })),
    ),
    noNewPrivileges: container.noNewPrivileges || undefined,
    oomScoreAdj: container.oomScoreAdj,
  };
}

function capabilitiesOf(container: Container, property: string): GoValue {
  const effective = effectiveCapabilities(container, property);
  const ambient = parseCapabilities(container.ambient ?? [], `${property}.ambient`);
  const bounding = listOf([...new Set([...effective, ...ambient])].sort());
  return {
    bounding,
    effective: listOf(effective),
    inheritable: bounding,
    permitted: bounding,
    ambient: listOf(ambient),
  };
}

function linuxOf(
  container: Container,
  { property, seccomp }: { readonly property: string; readonly seccomp: GoValue | undefined },
): GoValue {
  const { nodes, rules } = devicesOf(container, property);
  const { devices: ownRules, ...limits } = orderedResources(container.resources ?? {});
  const allRules = [...(Array.isArray(ownRules) ? (ownRules as GoValue[]) : []), ...rules];
  return {
    uidMappings: mappingsOf(container.uidMappings),
    gidMappings: mappingsOf(container.gidMappings),
    sysctl: mapOf(container.sysctl),
    resources: { devices: listOf(allRules), ...limits },
    cgroupsPath: container.cgroupsPath || undefined,
    namespaces: namespacesOf(container),
    devices: listOf(nodes),
    seccomp,
    rootfsPropagation: container.rootfsPropagation || undefined,
    maskedPaths: listOf(container.maskedPaths),
    readonlyPaths: listOf(container.readonlyPaths),
  };
}

/** network, ipc and uts are the host's by default; pid is a new one; user is none; mount and cgroup are always new. */
function namespacesOf(container: Container): GoValue[] {
  const namespaces: GoValue[] = [];
  const add = (type: string, written: string | undefined, meansNew: readonly string[]) => {
    if (written === undefined || written === 'host' || written === 'root') return;
    namespaces.push({ type, path: meansNew.includes(written) ? undefined : written });
  };
  add('network', container.net || undefined, ['new', 'none']);
  add('ipc', container.ipc || undefined, ['new']);
  add('uts', container.uts || undefined, ['new']);
  add('pid', container.pid || 'new', ['new']);
  add('user', container.userns || undefined, ['new']);
  namespaces.push({ type: 'mount' }, { type: 'cgroup' });
  return namespaces;
}

/** Device nodes, and the cgroup rules that allow them; `path: all` allows a type without making a node. */
function devicesOf(container: Container, property: string): { nodes: GoValue[]; rules: GoValue[] } {
  const nodes: GoValue[] = [];
  const rules: GoValue[] = [];
  for (const [index, { path, type, major, minor, mode }] of (container.devices ?? []).entries()) {
    if (path === 'all') {
      rules.push({ allow: true, type, access: 'rwm' });
      continue;
    }
    if (mode === undefined || !/^[0-7]{1,5}$/.test(mode)) {
      throw new TreeError(
        'bad-container',
        `Cannot make the device ${path}: its mode is ${JSON.stringify(mode ?? '')}; wanted octal digits such as "0660"`,
        { property: `${property}.devices[${index}].mode` },
      );
    }
    nodes.push({ path, type, major, minor, fileMode: Number.parseInt(mode, 8) });
    rules.push({ allow: true, type, major, minor, access: 'rwm' });
  }
  return { nodes, rules };
}

function mappingsOf(mappings: Container['uidMappings']): GoValue | undefined {
  return listOf((mappings ?? []).map(({ containerID, hostID, size }) => ({ containerID, hostID, size })));
}

/** Go's `omitempty` for slices. */
function listOf(items: readonly GoValue[] | undefined): GoValue | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

/** Go's `omitempty` for maps, whose keys it sorts. */
function mapOf(record: Readonly<Record<string, string>> | undefined): GoValue | undefined {
  const map = new Map(Object.entries(record ?? {}));
  return map.size === 0 ? undefined : map;
}
