import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SourceError } from '../error.js';
import type { TrustedKey } from './keyring.js';
import type { RepositoryAddress } from './mirrors.js';
import { readTrustedKeys } from './repository-keys.js';

/** A vendor's repository as the spec has it. */
export interface DeclaredRepository {
  readonly name?: string | undefined;
  readonly url: string;
  readonly suites: readonly string[];
  readonly components?: readonly string[] | undefined;
  /** Armoured keys, or the path of a file with keys. */
  readonly signedBy: string;
  readonly auth?: RepositoryAuth | undefined;
  readonly priority?: number | undefined;
}

export interface RepositoryAuth {
  readonly user: string;
  readonly passwordVariable: string;
}

/** A vendor's repository, ready to be asked. */
export interface Repository extends RepositoryAddress {
  readonly suites: readonly string[];
  /** None for flat suites. */
  readonly components: readonly string[];
  /** Whose signatures count for it. */
  readonly keys: readonly TrustedKey[];
  readonly priority?: number | undefined;
}

export interface OpenRepositoriesOptions {
  /** Paths of keys are relative to this folder. */
  readonly directory: string;
  /** Has the passwords. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A key has some kilobytes; one with thousands of certifications some megabytes. */
const MAX_KEY_BYTES = 4 << 20;

/**
 * Reads the keys of repositories, and their passwords, which are in memory alone.
 * @throws {SourceError} `not-found`, `unreadable`, `bad-signature` for keys; `forbidden` for a password that is not set;
 *   each with the property of the spec.
 */
export async function openRepositories(
  declared: readonly DeclaredRepository[],
  options: OpenRepositoriesOptions,
): Promise<Repository[]> {
  const repositories: Repository[] = [];
  for (const [index, repository] of declared.entries()) {
    const property = `debian.repositories[${index}]`;
    const { name, suites, components = [], priority, signedBy } = repository;
    repositories.push({
      ...{ name, suites, components, priority },
      address: addressOf(repository, { property, environment: options.environment }),
      keys: await keysOf(signedBy, { property: `${property}.signedBy`, directory: options.directory }),
    });
  }
  return repositories;
}

/**
 * Addresses to fetch pinned packages from. Where a password is not known (on another machine, or out of a state, which
 * never has one), the repository is asked without: it may have become public, and says best what it wants.
 */
export function repositoryAddresses(
  declared: readonly Pick<DeclaredRepository, 'name' | 'url' | 'auth'>[],
  environment: OpenRepositoriesOptions['environment'],
): RepositoryAddress[] {
  return declared.map(({ name, url, auth }) => {
    const known = auth !== undefined && environment[auth.passwordVariable] ? auth : undefined;
    return { name, address: addressOf({ url, auth: known }, { property: 'debian.repositories', environment }) };
  });
}

/**
 * The address of a repository with what it asks for.
 * @throws {SourceError} `forbidden` where the password is not set.
 */
function addressOf(
  { url, auth }: Pick<DeclaredRepository, 'url' | 'auth'>,
  {
    property,
    environment,
  }: { readonly property: string; readonly environment: OpenRepositoriesOptions['environment'] },
): string {
  const bare = url.replace(/\/+$/, '');
  if (auth === undefined) return bare;
  const password = environment[auth.passwordVariable];
  if (!password) {
    throw new SourceError(
      'forbidden',
      `Cannot use ${bare}: the environment variable ${auth.passwordVariable}, which has its password, is not set`,
      { context: { property: `${property}.auth` } },
    );
  }
  const address = new URL(bare);
  address.username = encodeURIComponent(auth.user);
  address.password = encodeURIComponent(password);
  return address.href.replace(/\/+$/, '');
}

async function keysOf(
  signedBy: string,
  { property, directory }: { readonly property: string; readonly directory: string },
): Promise<TrustedKey[]> {
  if (signedBy.includes('-----BEGIN ')) return readTrustedKeys(Buffer.from(signedBy), { of: property, property });
  const fail = (code: 'not-found' | 'unreadable', what: string, cause?: unknown) =>
    new SourceError(code, `Cannot read ${signedBy}: ${what}; it is named by ${property}`, {
      cause,
      context: { path: signedBy, property },
    });
  let bytes: Buffer;
  try {
    bytes = await readFile(resolve(directory, signedBy));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? fail('not-found', 'there is no such file', error) : fail('unreadable', `${code}`, error);
  }
  if (bytes.length > MAX_KEY_BYTES) throw fail('unreadable', `it has ${bytes.length} bytes; a key has far fewer`);
  return readTrustedKeys(bytes, { of: signedBy, property });
}
