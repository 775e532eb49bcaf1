// Written by scripts/generate-spec.mjs from provider/src/model/spec.ts: change that, and run it.

/** What an image is made of. */
export interface Spec {
  /** The kernel that the machine boots. */
  kernel?: Kernel;
  /** Images laid into the root, in order; they bring the init that runs the containers. Default: Ingot's own init. */
  init?: readonly string[];
  /** Containers run one after the other at boot, before the services. */
  onboot?: readonly Container[];
  /** Containers run one after the other at shutdown. */
  onshutdown?: readonly Container[];
  /** Containers that run as long as the machine does. */
  services?: readonly Container[];
  /** Folders that containers share, by their names. */
  volumes?: readonly Volume[];
  /** Files laid into the root last, over all else. */
  files?: readonly FileEntry[];
  /**
   * Ingot only: Debian packages laid into the machine's own root with all that they need, each `NAME`, `NAME=VERSION`
   * or `FILE.deb`. Files of the init win over theirs. Default: none.
   */
  packages?: readonly string[];
  /** Ingot only: Users of the machine. Default: those that its init and packages bring. */
  users?: readonly User[];
  /**
   * Ingot only: Certificates of authorities that the machine's own root trusts, and every container that has a CA
   * bundle, beside those in it: PEM text, or a file with it. Default: none.
   */
  ca?: readonly (string | CertificateFile)[];
  /** Ingot only: Disks beside the one that the machine boots from. Default: none. */
  disks?: readonly Disk[];
  /** Ingot only: How the machine gets its addresses and name servers. Default: every network card asks DHCP. */
  network?: Network;
  /**
   * Ingot only: Time servers of machines that get none from their provider or their network. Default: those of the
   * machine's provider.
   */
  ntp?: readonly string[];
  /** Ingot only: When the machine is ready, and how it says so. */
  ready?: Ready;
  /**
   * Ingot only: Where the machine has its root: `disk`, read as it is needed, or `ram`, carried to it at boot. It
   * matters to formats that can do both; `kernel+initrd` is in memory always. Default: what the format does by itself.
   */
  root?: 'disk' | 'ram';
  /** Ingot only: Host name of machines that get none from their metadata. */
  hostname?: string;
  /** Ingot only: What the image runs on. Default: `"linux/amd64"`. */
  platform?: 'linux/amd64' | 'linux/arm64';
  /** Ingot only: The only time that reaches an image, in seconds since 1970. Default: `1492533000`. */
  sourceDateEpoch?: number;
  /** Ingot only: Where `deb:` references find their packages. */
  debian?: Debian;
}

/** The kernel that the machine boots. */
export interface Kernel {
  /** Where the kernel comes from, such as `deb:linux-image-cloud-amd64`. */
  image: string;
  /**
   * Kernel command line. Default: `console=ttyS0 quiet cryptomgr.notests panic=-1`, and on arm64 `console=ttyAMA0` too.
   */
  cmdline?: string;
  /** File of the image that is the kernel. Default: `"kernel"`. */
  binary?: string;
  /**
   * Archive in the image that is unpacked into the root, for modules; `none` or an empty text for no archive. Default:
   * `"kernel.tar"`.
   */
  tar?: string | null;
  /** File of the image with processor microcode, loaded before all else. Default: none. */
  ucode?: string;
  /**
   * Ingot only: Which modules of a `deb:` kernel go into the image: `default` (what virtual machines and clouds need),
   * `all`, or a list of names added to the default. Default: `"default"`.
   */
  modules?: 'default' | 'all' | readonly string[];
}

/**
 * A container: run once in `onboot` and `onshutdown`, kept running in `services`. What is left out comes from the
 * image's `org.mobyproject.config` label, and then from the image's configuration, where they say it.
 */
export interface Container {
  /** Name of the container; services must differ in it. It names the folder in the image. */
  name: string;
  /** Where its root file system comes from, such as `deb:lighttpd`. */
  image: string;
  /**
   * Capabilities that it has, such as `CAP_NET_ADMIN`; `all` or `none` alone stand for all or none of them. Default:
   * none.
   */
  capabilities?: readonly string[];
  /** Capabilities added to those that the image's label asks for. */
  'capabilities.add'?: readonly string[];
  /** Ambient capabilities: those that programs run by a user other than root keep. Default: none. */
  ambient?: readonly string[];
  /** File systems to mount, over those that every container has. */
  mounts?: readonly Mount[];
  /**
   * Paths of the machine, or volumes by their names, to show in the container: `source:destination[:options]`. Options:
   * `rw,rbind,rshared` where none are given.
   */
  binds?: readonly string[];
  /** Binds added to those that the image's label asks for. */
  'binds.add'?: readonly string[];
  /** Devices that it may use. Default: none. */
  devices?: readonly Device[];
  /** Writable directories in memory: `destination[:options]`. */
  tmpfs?: readonly string[];
  /** What to run, in place of the image's entry point and arguments. Default: the image's own. */
  command?: readonly string[];
  /** Environment, each `NAME=value`, in place of the image's. Default: the image's own. */
  env?: readonly string[];
  /** Directory that the command starts in. Default: the image's own, or `/`. */
  cwd?: string;
  /**
   * Network namespace: `host` to share that of the machine, `new` or `none` for an empty one, or a path to join.
   * Default: `host`.
   */
  net?: string;
  /** Process namespace: `new`, `host` to see all processes of the machine, or a path to join. Default: `new`. */
  pid?: string;
  /** IPC namespace: `host`, `new`, or a path to join. Default: `host`. */
  ipc?: string;
  /** Host name namespace: `host`, `new`, or a path to join. Default: `host`. */
  uts?: string;
  /** User namespace: `host`, `new` (with `uidMappings` and `gidMappings`), or a path to join. Default: `host`. */
  userns?: string;
  /** Mount its root file system read-only. Default: `false`. */
  readonly?: boolean;
  /** Paths that it cannot see. Default: where it is `hardened` the usual ones, else none. */
  maskedPaths?: readonly string[];
  /** Paths that it cannot write to. Default: where it is `hardened` the usual ones, else none. */
  readonlyPaths?: readonly string[];
  /**
   * User that it runs as: a number, a user of the image, or the name of a container for the id that it was given.
   * Default: `0`.
   */
  uid?: number | string;
  /** Group that it runs as, in the same forms as `uid`. Default: `0`. */
  gid?: number | string;
  /** More groups, in the same forms as `uid`. Default: none. */
  additionalGids?: readonly (number | string)[];
  /**
   * Keep its programs from gaining privileges, as through setuid files. Default: `true` where it is `hardened`, else
   * `false`.
   */
  noNewPrivileges?: boolean;
  /** Host name in the container; needs `uts: new`. */
  hostname?: string;
  /** How readily it is killed when the machine is out of memory: from -1000 (never) to 1000. */
  oomScoreAdj?: number;
  /** Whether mounts made inside are seen outside, and the other way round. */
  rootfsPropagation?: 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave' | 'unbindable' | 'runbindable';
  /** Path of its control group. */
  cgroupsPath?: string;
  /** Limits on memory, processor time, processes and devices. Default: none. */
  resources?: Resources;
  /** Kernel settings of its namespaces; values are texts, such as `net.ipv4.ip_forward: "1"`. */
  sysctl?: { readonly [key: string]: string };
  /** Limits of its processes: `name,soft,hard`, each a number or `unlimited`, such as `nofile,1024,4096`. */
  rlimits?: readonly string[];
  /** User ids of its user namespace. */
  uidMappings?: readonly IdMapping[];
  /** Group ids of its user namespace. */
  gidMappings?: readonly IdMapping[];
  /** Notes for the container runtime, copied to the container's configuration. */
  annotations?: { readonly [key: string]: string };
  /** What is prepared outside before it starts. */
  runtime?: Runtime;
  /** Ingot only: What happens when it ends by itself. Only in `services`. Default: it is started again, always. */
  restart?: Restart;
  /**
   * Ingot only: Names of services that it starts after: once they are healthy, or running where they have no `health`.
   * Only in `services`. Default: all start at once.
   */
  after?: readonly string[];
  /** Ingot only: How to tell that it works. Only in `services`. */
  health?: Health;
  /** Ingot only: How it is ended. Only in `services`. Default: by `SIGTERM`, within 10 seconds. */
  stop?: Stop;
  /**
   * Ingot only: Names of secrets that the machine has to be given; each is a file in `/run/secrets` that only this
   * container can read. It does not start without them. Default: none.
   */
  secrets?: readonly string[];
  /** Ingot only: Let the machine boot on where it fails. Only in `onboot`. Default: `false`. */
  optional?: boolean;
  /**
   * Ingot only: Under Ingot's own init: it gains no privileges, sees and changes no settings of the machine in `/proc`
   * and `/sys`, and may not make system calls that act on the whole machine, but for what its capabilities are for.
   * `false` leaves it with what the other options say. Default: `true` with Ingot's own init.
   */
  hardened?: boolean;
}

/** A file system that is mounted for a container. */
export interface Mount {
  /** Where it appears. Default: the usual place of `proc`, `sysfs`, `devpts`, `mqueue` and `cgroup`. */
  destination?: string;
  /** File system type, such as `bind` or `tmpfs`. Default: the source, where that is the name of a type. */
  type?: string;
  /** What is mounted: a device, or for `bind` a path or the name of a volume. Default: the type. */
  source?: string;
  /** Mount options, such as `ro` or `nosuid`. */
  options?: readonly string[];
}

/** A device that a container may use. */
export interface Device {
  /** Path of the device node, or `all` to allow every device of the type without making nodes. */
  path: string;
  /** `c` or `u` character, `b` block, `p` fifo; `a` (any) only with `all`. */
  type: 'a' | 'b' | 'c' | 'u' | 'p';
  /** Major number; needed unless the path is `all`. */
  major?: number;
  /** Minor number; needed unless the path is `all`. */
  minor?: number;
  /** Permissions of the node, in octal; needed unless the path is `all`. */
  mode?: string;
}

/** Limits that the kernel holds a container to. */
export interface Resources {
  /** Which devices it may use, in the order the rules apply. */
  devices?: readonly DeviceRule[];
  /** Limits on memory. */
  memory?: MemoryResources;
  /** Limits on processor time. */
  cpu?: CpuResources;
  /** Limit on the number of processes. */
  pids?: PidsResources;
  /** Limits on block devices. */
  blockio?: BlockIoResources;
  /** Limits on huge pages, by size. */
  hugepageLimits?: readonly HugepageLimit[];
  /** Marks and priorities of packets. */
  network?: NetworkResources;
  /** Ingot only: Limits on RDMA devices, by name of the device. */
  rdma?: { readonly [key: string]: RdmaResources };
  /**
   * Ingot only: Settings of control groups version 2 as they are written there, such as `memory.high: "1073741824"`.
   */
  unified?: { readonly [key: string]: string };
}

/** A rule of the device control group. */
export interface DeviceRule {
  /** Whether matching devices may be used or are denied. */
  allow: boolean;
  /** Which devices match: `b` block, `c` character, `a` both. Default: `"a"`. */
  type?: 'a' | 'b' | 'c';
  /** Major number that matches. Default: any. */
  major?: number;
  /** Minor number that matches. Default: any. */
  minor?: number;
  /** What is allowed or denied: `r` read, `w` write, `m` make device nodes. Default: all of it. */
  access?: string;
}

/** Limits on memory. */
export interface MemoryResources {
  /** Most memory it may use, in bytes; -1 for no limit. */
  limit?: number;
  /** Memory in bytes that it is pushed back to when the machine runs short. */
  reservation?: number;
  /** Most memory and swap together, in bytes; -1 for no limit. */
  swap?: number;
  /** Most kernel memory, in bytes. Only control groups version 1. */
  kernel?: number;
  /** Most memory for TCP buffers, in bytes. Only control groups version 1. */
  kernelTCP?: number;
  /** How readily its memory is swapped out, from 0 to 100. Only control groups version 1. */
  swappiness?: number;
  /** Let it wait, rather than kill it, when it is out of memory. Only control groups version 1. */
  disableOOMKiller?: boolean;
  /** Ingot only: Count the memory of child groups too. Only control groups version 1. */
  useHierarchy?: boolean;
  /** Ingot only: Refuse a limit that is below what is in use already. */
  checkBeforeUpdate?: boolean;
}

/** Limits on processor time. */
export interface CpuResources {
  /** Weight against other groups when the processors are busy; 1024 is the usual one. */
  shares?: number;
  /** Processor time in microseconds that it may use in each `period`; -1 for no limit. */
  quota?: number;
  /** Ingot only: Unused quota in microseconds that it may save up. */
  burst?: number;
  /** Length of the interval that `quota` is counted in, in microseconds. */
  period?: number;
  /** Real-time processor time in microseconds in each `realtimePeriod`. */
  realtimeRuntime?: number;
  /** Length of the interval that `realtimeRuntime` is counted in, in microseconds. */
  realtimePeriod?: number;
  /** Processors that it may run on, such as `0-2,7`. */
  cpus?: string;
  /** Memory nodes that it may use, such as `0-1`. */
  mems?: string;
  /** Ingot only: 1 to run only when nothing else wants to. */
  idle?: number;
}

/** Limit on the number of processes. */
export interface PidsResources {
  /** Most processes and threads; -1 for no limit. */
  limit: number;
}

/** Limits on block devices. */
export interface BlockIoResources {
  /** Its share of the input and output of block devices, from 10 to 1000. */
  weight?: number;
  /** Its share against its own child groups, from 10 to 1000. */
  leafWeight?: number;
  /** Weights for single devices. */
  weightDevice?: readonly WeightDevice[];
  /** Most bytes read a second, by device. */
  throttleReadBpsDevice?: readonly ThrottleDevice[];
  /** Most bytes written a second, by device. */
  throttleWriteBpsDevice?: readonly ThrottleDevice[];
  /** Most reads a second, by device. */
  throttleReadIOPSDevice?: readonly ThrottleDevice[];
  /** Most writes a second, by device. */
  throttleWriteIOPSDevice?: readonly ThrottleDevice[];
}

/** A weight for one block device. */
export interface WeightDevice {
  /** Major number of the device. */
  major: number;
  /** Minor number of the device. */
  minor: number;
  /** Its weight on this device, from 10 to 1000. */
  weight?: number;
  /** Its weight against its own child groups on this device, from 10 to 1000. */
  leafWeight?: number;
}

/** A rate limit for one block device. */
export interface ThrottleDevice {
  /** Major number of the device. */
  major: number;
  /** Minor number of the device. */
  minor: number;
  /** Most bytes, or operations, a second. */
  rate: number;
}

/** Limit on huge pages of one size. */
export interface HugepageLimit {
  /** Size of the pages, such as `2MB`. */
  pageSize: string;
  /** Most memory in pages of this size, in bytes. */
  limit: number;
}

/** Marks and priorities of packets. Only control groups version 1. */
export interface NetworkResources {
  /** Class that its packets are marked with. */
  classID?: number;
  /** Priorities of its packets, by interface. */
  priorities?: readonly InterfacePriority[];
}

/** Priority of packets on one network interface. */
export interface InterfacePriority {
  /** Name of the network interface. */
  name: string;
  /** Priority of its packets on this interface. */
  priority: number;
}

/** Ingot only: Limits on one RDMA device. */
export interface RdmaResources {
  /** Most handles. */
  hcaHandles?: number;
  /** Most objects. */
  hcaObjects?: number;
}

/** A range of user or group ids of a user namespace. */
export interface IdMapping {
  /** First id outside. */
  hostID: number;
  /** First id in the container. */
  containerID: number;
  /** How many ids are mapped. */
  size: number;
}

/** What is prepared outside a container before it starts. */
export interface Runtime {
  /** Control groups to make before the container starts. */
  cgroups?: readonly string[];
  /** File systems to mount outside the container before it starts. */
  mounts?: readonly Mount[];
  /** Directories to make before the container starts. */
  mkdir?: readonly string[];
  /** Network interfaces to give to the container. */
  interfaces?: readonly NetworkInterface[];
  /** Where to keep its namespaces for others to join. */
  bindNS?: BindNamespaces;
  /** Namespace of the service in containerd; only LinuxKit's own init looks at it. */
  namespace?: string;
}

/** A network interface that a container is given. */
export interface NetworkInterface {
  /** Name of the interface in the container. */
  name?: string;
  /** Type of interface to make, such as `veth`; without it, `name` is moved in. */
  add?: string;
  /** Name of the other end of a `veth` pair. */
  peer?: string;
  /** Make it outside first, then move it in. Default: `false`. */
  createInRoot?: boolean;
}

/** Paths that a container's namespaces are bound to, so that other containers can join them. */
export interface BindNamespaces {
  /** Path that keeps the control group namespace. */
  cgroup?: string;
  /** Path that keeps the IPC namespace. */
  ipc?: string;
  /** Path that keeps the mount namespace. */
  mnt?: string;
  /** Path that keeps the network namespace, such as `/run/netns/web`. */
  net?: string;
  /** Path that keeps the process namespace. */
  pid?: string;
  /** Path that keeps the user namespace. */
  user?: string;
  /** Path that keeps the host name namespace. */
  uts?: string;
}

/** Ingot only: What happens when a service ends by itself. */
export interface Restart {
  /** After which end it is started again: any, one with a status other than 0, or none. Default: `"always"`. */
  policy?: 'always' | 'on-failure' | 'never';
  /**
   * Most restarts in a row; after them it stays down, and the machine is not healthy. One that stayed up for
   * `maxBackoffSeconds` begins to count anew. Default: no limit.
   */
  limit?: number;
  /** Wait before the first restart in a row, in seconds; each further one waits twice as long. Default: `1`. */
  backoffSeconds?: number;
  /** Longest wait before a restart, in seconds. Default: `60`. */
  maxBackoffSeconds?: number;
}

/** Ingot only: How to tell that a service works. One of `http`, `tcp` and `command` says how to ask. */
export interface Health {
  /** Ingot only: Healthy if it answers an HTTP request. */
  http?: HttpHealth;
  /** Ingot only: Healthy if it takes a connection. */
  tcp?: TcpHealth;
  /** Healthy if this command, run in the container, ends with status 0. */
  command?: readonly string[];
  /** Time from one check to the next, in seconds. Default: `10`. */
  intervalSeconds?: number;
  /** A check that takes longer, in seconds, has failed. Default: `5`. */
  timeoutSeconds?: number;
  /** Failed checks in a row after which it is not healthy, and is restarted as `restart` says. Default: `3`. */
  retries?: number;
  /** Time from its start, in seconds, in which failed checks do not count until one has passed. Default: `60`. */
  startPeriodSeconds?: number;
}

/** Ingot only: A request that a healthy service answers. */
export interface HttpHealth {
  /** Port on 127.0.0.1 in the service's network namespace. */
  port: number;
  /** Path and query to ask for. Default: `"/"`. */
  path?: string;
  /** Status that counts as healthy. Default: any from 200 to 399. */
  status?: number;
}

/** Ingot only: A port that a healthy service listens on. */
export interface TcpHealth {
  /** Port on 127.0.0.1 in the service's network namespace. */
  port: number;
}

/** Ingot only: How a service is ended. */
export interface Stop {
  /** Signal that asks it to end. Default: `"SIGTERM"`. */
  signal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2' | 'SIGWINCH' | 'SIGKILL';
  /** How long it may take, in seconds, before it is killed. Default: `10`. */
  timeoutSeconds?: number;
}

/**
 * A folder of the machine that containers share. What they write to it is kept in memory, and gone when the machine
 * stops.
 */
export interface Volume {
  /** Name of the volume, by which `binds` and `mounts` of containers refer to it. */
  name: string;
  /** What it holds at boot, such as `deb:nginx` or a container image. Default: nothing. */
  image?: string;
  /** Let no container write to it: each bind of it must have the option `ro`. Default: `false`. */
  readonly?: boolean;
  /**
   * What of the image it holds: `filesystem`, its files, or `oci`, the image itself in an OCI layout. Default:
   * `"filesystem"`.
   */
  format?: 'filesystem' | 'oci';
  /**
   * For which platforms it holds the image, with the format `oci`; none but the machine's own can be. Default: the
   * machine's own.
   */
  platforms?: readonly string[];
}

/**
 * A file, directory or symbolic link that is laid into the root. One of `contents`, `source`, `symlink`, `directory`
 * and `metadata` says which. Directories on the way that are not there yet get its owner and its mode, made searchable.
 */
export interface FileEntry {
  /** Where it goes in the image; the slash at the start may be left out. */
  path: string;
  /** Make a directory. Default: `false`. */
  directory?: boolean;
  /** Make a symbolic link to this path. */
  symlink?: string;
  /** The text of the file itself. */
  contents?: string;
  /**
   * A file to take the content from: a path relative to the spec, or one that starts with `/`; or (Ingot only) the
   * address of a file, with its digest.
   */
  source?: string | RemoteSource;
  /** Write the whole spec into the file, in this format. */
  metadata?: 'json' | 'yaml';
  /** Leave the file out where its `source` is missing. Default: `false`. */
  optional?: boolean;
  /**
   * Permissions, in octal and in quotes. Default: `"0600"`, and `"0700"` for a directory; what is unpacked has its own.
   */
  mode?: string;
  /**
   * User that owns it: a number, `root`, one of `users`, or the name of a container for the id that it was given.
   * Default: `0`.
   */
  uid?: number | string;
  /** Group that owns it, in the same forms as `uid`. Default: `0`. */
  gid?: number | string;
}

/** Ingot only: A file that is fetched, once, and only if it has the digest that is asked for. */
export interface RemoteSource {
  /**
   * Where it is fetched from, without user name and password. It is no part of the lock: the digest says what it is.
   */
  url: string;
  /** Digest of the file as it is fetched, as sha256sum prints it. */
  sha256: string;
  /**
   * Lay what is in it, a tar archive (plain, or compressed with gzip, xz or zstd), into the folder at `path`. Modes are
   * those of the archive; owners are `uid` and `gid`. Default: `false`.
   */
  unpack?: boolean;
}

/**
 * Ingot only: A user of the machine, beside those that its init and packages bring; one of theirs with the same name is
 * replaced. No user has a password. Containers have users of their own: those of their images. Owners in `files` can be
 * given by these names.
 */
export interface User {
  /** Name of the user. */
  name: string;
  /** Number of the user. */
  uid: number;
  /**
   * Number of its group. Where no group has that number, one with the name of the user is made. Default: the same
   * number as `uid`.
   */
  gid?: number;
  /** Home directory; made, for this user alone, where it is missing. Default: `/nonexistent`, which is not made. */
  home?: string;
  /** Program that a login runs. Default: `"/bin/false"`. */
  shell?: string;
  /**
   * More groups that it is in; one that is missing is made, with a number that follows from its name. Default: none.
   */
  groups?: readonly string[];
}

/** Ingot only: A file with certificates in PEM form. */
export interface CertificateFile {
  /** A file with certificates: a path relative to the spec, or one that starts with `/`. */
  source: string;
}

/**
 * Ingot only: A disk for what has to outlive the machine, for images with Ingot's own init. At boot it is waited for,
 * formatted if it is empty, checked, mounted, and grown to the size that it has. What is not empty is never formatted:
 * a disk with something else on it, or one that is missing, fails the boot.
 */
export interface Disk {
  /**
   * Label of its file system; it gets this one when it is formatted. Without `serial` and `path`, a disk whose file
   * system has this label is taken, or else the one disk of the machine that is empty. Default: none.
   */
  label?: string;
  /**
   * What the disk says of itself: the serial number of a virtio disk (at most 20 characters) or of an NVMe disk, such
   * as an EBS volume (`vol0123…`), or the last word of a SCSI identifier, such as the name of a persistent disk of
   * Compute Engine. Default: any.
   */
  serial?: string;
  /** Its device, such as `/dev/vdb`, or that of a partition. Default: any. */
  path?: string;
  /** Where it is mounted. */
  mount: string;
  /** The file system that it has, and that it gets once, if it is empty. Default: `"ext4"`. */
  filesystem?: 'ext4';
  /**
   * Keep the logs of all containers on this disk, in its folder `ingot-log`, instead of in memory: of each container at
   * most this many bytes, the newest. One disk can have them. Default: none: logs are in memory.
   */
  logBytes?: number;
  /** Start without it where it is missing or cannot be used; the console says so. Default: `false`. */
  optional?: boolean;
}

/**
 * Ingot only: The network of images with Ingot's own init, where it is not all DHCP. What a machine's provider says of
 * a card wins over this.
 */
export interface Network {
  /** Network cards that do not just ask DHCP. All others do. Default: none. */
  interfaces?: readonly NetworkCard[];
  /**
   * Addresses of name servers, at most three; they are asked before those that DHCP tells. Default: those that DHCP
   * tells.
   */
  nameservers?: readonly string[];
  /** Domains in which names without a dot are looked up. Default: the one that DHCP tells. */
  search?: readonly string[];
}

/** Ingot only: How one network card gets its addresses. */
export interface NetworkCard {
  /** The kernel's name of the card, such as `eth0`. One of `name` and `mac` says which card it is. Default: any. */
  name?: string;
  /** Its MAC address, which holds whatever the kernel calls it. Default: any. */
  mac?: string;
  /**
   * Its addresses, IPv4 and IPv6, each with the length of its network: `10.0.0.5/24`, `2001:db8::5/64`. Default: none
   * but those that the network gives.
   */
  addresses?: readonly string[];
  /** Where IPv4 goes that is for none of its own networks: an address in one of these. Default: what DHCP says. */
  gateway4?: string;
  /** The same for IPv6; it may be a link-local address (`fe80::1`). Default: what the router announces. */
  gateway6?: string;
  /** Ask a DHCP server for an IPv4 address. Default: `true`, unless `addresses` has an IPv4 address. */
  dhcp4?: boolean;
  /**
   * Ask a DHCPv6 server for an IPv6 address. Those that a router announces (SLAAC) the kernel takes with and without
   * it. Default: `false`.
   */
  dhcp6?: boolean;
  /** Largest packet, in bytes; with IPv6, 1280 at the least. Default: the card's own. */
  mtu?: number;
}

/** Ingot only: When the machine is ready, and how it says so. Only Ingot's own init looks at it. */
export interface Ready {
  /**
   * Port on which the machine answers `GET /` with its state as JSON: status 200 if it is ready, and 503 if it is not,
   * for load balancers. Default: none is opened.
   */
  port?: number;
  /**
   * Time from the start of the kernel, in seconds, after which a machine that is not ready says why and turns itself
   * off. Default: `120`.
   */
  failAfterSeconds?: number;
}

/** Ingot only: Where `deb:` references find their packages. */
export interface Debian {
  /**
   * Ingot only: Whose archives `deb:` references are resolved in. With `ubuntu` a `suite` is needed. Default:
   * `"debian"`.
   */
  distribution?: 'debian' | 'ubuntu';
  /** Ingot only: The release that `deb:` references are resolved in, by its code name. Default: `"trixie"`. */
  suite?: string;
  /**
   * Ingot only: Where to fetch packages from. It is no part of the lock: every mirror has the same packages. Default:
   * from the settings, or from the apt configuration of the machine that builds.
   */
  mirror?: string;
  /**
   * Ingot only: Where to fetch security updates from. It is no part of the lock. Default: from the settings, or from
   * the apt configuration of the machine that builds.
   */
  securityMirror?: string;
  /**
   * Ingot only: Archive that keeps what mirrors have dropped: `{archive}` in its address stands for `debian` or
   * `debian-security`, `{time}` for when a package was pinned (`20261122T180000Z`). It is no part of the lock. Default:
   * from the settings, or none.
   */
  snapshot?: string;
  /** Ingot only: Vendors' repositories, beside Debian's own archives. Default: none. */
  repositories?: readonly Repository[];
}

/**
 * Ingot only: A vendor's repository of packages, beside Debian's own archives. `docs/sources.md` says more of each
 * option.
 */
export interface Repository {
  /**
   * What locks call it. It must not change when the repository moves to another address. Default: what the repository
   * itself gives as its origin.
   */
  name?: string;
  /** Address that `dists` and `pool` lie under, without user name and password. It is no part of the lock. */
  url: string;
  /** Suites to take packages from. One that ends in `/` is a folder with an index of its own (flat). */
  suites: readonly string[];
  /** Parts of the suites, such as `main`. Flat suites have none; others need at least one. */
  components?: readonly string[];
  /**
   * The keys whose signatures count for this repository, and for no other: the text of an armoured OpenPGP key, or the
   * path of a file with keys, relative to the spec.
   */
  signedBy: string;
  /** Ingot only: User name and password, where it asks for them. Needs https. */
  auth?: RepositoryAuth;
  /**
   * Of several versions of a package, that of the highest priority is taken; where priorities are the same, the newest.
   * Debian's own archives have 500. Default: `500`.
   */
  priority?: number;
}

/** Ingot only: How to get into a repository. It is in no lock, no state and no message. */
export interface RepositoryAuth {
  /** User name. */
  user: string;
  /** Environment variable that has the password. It is read when something has to be fetched. */
  passwordVariable: string;
}
