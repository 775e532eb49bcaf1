import type { Container, Json } from '../model/index.js';
import { canonicalJson, HEALTH_DEFAULTS, RESTART_DEFAULTS, STOP_DEFAULTS } from '../model/index.js';

/** Where the machine keeps the secrets of one container; it fills it before the container starts. */
const SECRETS_ON_MACHINE = '/run/ingot/secrets';
const SECRETS_IN_CONTAINER = '/run/secrets';

/**
 * The text of `ingot.json`, which tells the guest how to run a container beyond `config.json` and `runtime.json`: one
 * object with sorted members, each as in the spec, with all defaults of its parts filled in. Members that the spec does
 * not have are absent.
 *
 *   after     ["db"]                                   services that have to be ready before
 *   health    {"http":{"path":"/","port":80},"intervalSeconds":10,"retries":3,"startPeriodSeconds":60,"timeoutSeconds":5}
 *   optional  true
 *   restart   {"backoffSeconds":1,"maxBackoffSeconds":60,"policy":"always"}, with "limit" where there is one
 *   secrets   ["token"]                                files that have to be in the folder of its secrets
 *   stop      {"signal":"SIGTERM","timeoutSeconds":10}
 *
 * @returns undefined where the spec has none of these options.
 */
export function supervisionText(container: Container): string | undefined {
  const { after = [], health, optional, restart, secrets = [], stop } = container;
  const said: Record<string, Json | undefined> = {
    after: after.length > 0 ? after : undefined,
    health: health && { ...HEALTH_DEFAULTS, ...health, http: health.http && { path: '/', ...health.http } },
    optional: optional === true ? true : undefined,
    restart: restart && { ...RESTART_DEFAULTS, ...restart },
    secrets: secrets.length > 0 ? secrets : undefined,
    stop: stop && { ...STOP_DEFAULTS, ...stop },
  };
  const isSilent = Object.values(said).every((member) => member === undefined);
  return isSilent ? undefined : `${canonicalJson(said)}\n`;
}

/**
 * A container with a mount for its secrets, where it has any: the folder that the machine keeps for it alone, to be read
 * and no more. Where that folder is missing, the container does not start.
 * @param place Below `containers/`: `services/web`.
 */
export function withSecrets(container: Container, place: string): Container {
  if ((container.secrets ?? []).length === 0) return container;
  const mount = {
    destination: SECRETS_IN_CONTAINER,
    type: 'bind',
    source: `${SECRETS_ON_MACHINE}/${place}`,
    options: ['ro', 'nosuid', 'nodev', 'noexec', 'bind'],
  };
  return { ...container, mounts: [mount, ...(container.mounts ?? [])] };
}
