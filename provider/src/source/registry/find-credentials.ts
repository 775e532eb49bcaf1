import type { Credentials } from './credentials.js';
import { authFor, credentialFiles, helperFor, keysFor, readConfigurationFile } from './credentials-file.js';
import { askHelper } from './credentials-helper.js';
import type { Environment } from './proxy.js';

export interface Found {
  readonly credentials?: Credentials;
  /** The file that they are from. */
  readonly file?: string;
  /** Files that were looked at, each with what is wrong with it, where something is: for whoever is not let in. */
  readonly looked: readonly string[];
}

/** What Docker calls its Hub in files and to helpers. */
const HUB_KEY = 'https://index.docker.io/v1/';

/**
 * The credentials for a repository from the files of Docker and Podman, and from the helpers that they name. What
 * cannot be read or asked is noted and passed over: most images need no credentials.
 */
export async function findCredentials(
  of: { readonly registry: string; readonly repository: string },
  options: { readonly environment: Environment; readonly signal: AbortSignal },
): Promise<Found> {
  const looked: string[] = [];
  for (const path of credentialFiles(options.environment)) {
    const file = await readConfigurationFile(path);
    if (file === undefined) {
      looked.push(`${path} (not there)`);
      continue;
    }
    if (typeof file === 'string') {
      looked.push(`${path} (${file})`);
      continue;
    }
    const helper = helperFor(of.registry, file);
    const server = of.registry === 'docker.io' ? HUB_KEY : of.registry;
    const answer = helper === undefined ? undefined : await askHelper(helper, server, options);
    const found = typeof answer === 'object' ? answer : authFor(keysFor(of), file);
    looked.push(typeof answer === 'string' ? `${path} (${answer})` : path);
    if (found !== undefined) return { credentials: found, file: path, looked };
  }
  return { looked };
}
