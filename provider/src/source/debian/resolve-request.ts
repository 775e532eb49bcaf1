import { SourceError } from '../error.js';
import { PACKAGE_NAME } from './packages-index-entry.js';
import { isVersion } from './version.js';

/** One of the names in a reference: `crun`, or `crun=1.21-1`. */
export interface PackageRequest {
  readonly name: string;
  readonly version?: string;
}

/** More than this in one reference is a mistake. */
const MAX_REQUESTS = 1000;

/**
 * Reads the names of a reference, each once, in their order.
 * @throws {SourceError} `bad-reference` for what is no package name or version, for no names, and for one name with
 *   two versions.
 */
export function parseRequests(names: readonly string[], reference: string): PackageRequest[] {
  if (names.length > MAX_REQUESTS) throw badReference(reference, `it names more than ${MAX_REQUESTS} packages`);
  const requests = new Map<string, PackageRequest>();
  for (const text of names) {
    const [name = '', ...rest] = text.trim().split('=');
    const version = rest.length > 0 ? rest.join('=') : undefined;
    if (!PACKAGE_NAME.test(name)) throw badReference(reference, `${JSON.stringify(text)} is not the name of a package`);
    if (version !== undefined && !isVersion(version)) {
      throw badReference(reference, `${JSON.stringify(version)} is not a version`);
    }
    const other = requests.get(name);
    if (other?.version !== undefined && version !== undefined && other.version !== version) {
      throw badReference(reference, `it names ${name} with two versions, ${other.version} and ${version}`);
    }
    const exact = version ?? other?.version;
    requests.set(name, { name, ...(exact === undefined ? {} : { version: exact }) });
  }
  if (requests.size === 0) throw badReference(reference, 'it names no package');
  return [...requests.values()];
}

function badReference(reference: string, problem: string): SourceError {
  return new SourceError(
    'bad-reference',
    `Cannot resolve ${reference.slice(0, 200)}: ${problem}; wanted names with commas between them, such as deb:crun,lighttpd or deb:crun=1.21-1`,
    { context: { path: reference } },
  );
}
