import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What an Ingot takes from its surroundings. None of it reaches an image. */
export interface Settings {
  /** Content that can be made or fetched again. Default: `$XDG_CACHE_HOME/ingot`. */
  readonly cacheDirectory: string;
  /** Folders of other caches, which are read where this one does not have something, and never written. */
  readonly sharedCaches?: readonly string[];
  /** How large the cache may become, such as `20GB`, or `none` for no limit. Default: 20 GB. */
  readonly cacheMaxSize?: string;
  /** Running machines and their consoles. Default: `$XDG_STATE_HOME/ingot`. */
  readonly stateDirectory: string;
  /** Addresses of the Debian archives; what is missing is taken from the host's own apt configuration. */
  readonly mirrors: {
    readonly main?: string;
    readonly security?: string;
    /** Of Ubuntu's archives. */
    readonly ubuntu?: { readonly main?: string; readonly security?: string };
    readonly snapshot?: string;
  };
  /** Whether an index past its validity is refused. Default: as apt on this host does. */
  readonly checkValidUntil?: boolean;
  /** Use what the cache holds, and no network. */
  readonly offline: boolean;
  readonly registries: RegistrySettings;
}

/** How registries of container images are reached. */
export interface RegistrySettings {
  /** Each `registry=address`, or an address alone for all registries; asked in this order, before the registry itself. */
  readonly mirrors: readonly string[];
  /** Hosts, with their ports where they have one, that are asked without TLS. */
  readonly insecure: readonly string[];
  /** A PEM file of authorities that are trusted beside the usual ones. */
  readonly caFile?: string;
  /** Names proxies and the files of Docker and Podman, and is what credential helpers get. */
  readonly environment: Environment;
}

/** Values a Pulumi program's configuration may give, by their key in the `ingot` namespace. */
export interface ConfiguredSettings {
  readonly debianMirror?: string;
  readonly debianSecurityMirror?: string;
  readonly debianSnapshot?: string;
  readonly ubuntuMirror?: string;
  readonly ubuntuSecurityMirror?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Configuration wins over the environment; an empty variable counts as unset. */
export function settingsFrom(environment: Environment, configured: ConfiguredSettings = {}): Settings {
  const main = configured.debianMirror || environment.INGOT_DEBIAN_MIRROR;
  const security = configured.debianSecurityMirror || environment.INGOT_DEBIAN_SECURITY_MIRROR;
  const snapshot = configured.debianSnapshot || environment.INGOT_DEBIAN_SNAPSHOT;
  return {
    cacheDirectory: environment.INGOT_CACHE || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ingot'),
    sharedCaches: (environment.INGOT_CACHE_SHARED ?? '').split(delimiter).filter((path) => path !== ''),
    ...(environment.INGOT_CACHE_MAX_SIZE ? { cacheMaxSize: environment.INGOT_CACHE_MAX_SIZE } : {}),
    stateDirectory:
      environment.INGOT_STATE || join(environment.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ingot'),
    ...(isSwitch(environment.INGOT_DEBIAN_CHECK_VALID_UNTIL)
      ? { checkValidUntil: isOn(environment.INGOT_DEBIAN_CHECK_VALID_UNTIL) }
      : {}),
    mirrors: {
      ...(main ? { main } : {}),
      ...(security ? { security } : {}),
      ...ubuntuMirrors(environment, configured),
      ...(snapshot ? { snapshot } : {}),
    },
    offline: isOn(environment.INGOT_OFFLINE),
    registries: {
      mirrors: wordsOf(environment.INGOT_REGISTRY_MIRRORS),
      insecure: wordsOf(environment.INGOT_REGISTRY_INSECURE),
      ...(environment.INGOT_REGISTRY_CA ? { caFile: environment.INGOT_REGISTRY_CA } : {}),
      environment,
    },
  };
}

function ubuntuMirrors(environment: Environment, configured: ConfiguredSettings): Pick<Settings['mirrors'], 'ubuntu'> {
  const main = configured.ubuntuMirror || environment.INGOT_UBUNTU_MIRROR;
  const security = configured.ubuntuSecurityMirror || environment.INGOT_UBUNTU_SECURITY_MIRROR;
  return main || security ? { ubuntu: { ...(main ? { main } : {}), ...(security ? { security } : {}) } } : {};
}

/** Separated by spaces, commas or both. */
function wordsOf(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}

function isOn(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}

function isSwitch(text: string | undefined): boolean {
  return isOn(text) || text === 'false' || text === '0';
}
