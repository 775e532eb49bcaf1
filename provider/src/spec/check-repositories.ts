import type { Repository } from '../model/spec.js';
import { type Complain, each } from './check-container.js';
import { type Path, quote } from './property.js';

/** What the archives of distributions are called in locks. */
const TAKEN = new Set(['main', 'security', 'ubuntu', 'ubuntu-security']);
const PUBLIC = '-----BEGIN PGP PUBLIC KEY BLOCK-----';

/** Whether a `signedBy` is a key itself, and not the path of one. */
export function isArmoured(signedBy: string): boolean {
  return signedBy.includes('-----BEGIN ');
}

/** What vendors' repositories have to be beyond their types. */
export function checkRepositories(
  repositories: readonly Repository[] | undefined,
  path: Path,
  complain: Complain,
): void {
  each(repositories, path, (repository, at) => {
    const { name, signedBy } = repository;
    if (name !== undefined && TAKEN.has(name)) {
      complain([...at, 'name'], `is ${quote(name)}, which a distribution's own archives are called; wanted another`);
    }
    if (isArmoured(signedBy) && !signedBy.includes(PUBLIC)) {
      const what = signedBy.includes('PRIVATE KEY') ? 'a private key; keep it secret' : 'something else';
      complain([...at, 'signedBy'], `must be an armoured public key (${PUBLIC}) or the path of one, got ${what}`);
    }
    checkComponents(repository, at, complain);
    checkAddress(repository, at, complain);
  });
}

function checkComponents({ suites, components = [] }: Repository, path: Path, complain: Complain): void {
  // What was refused already is an empty text here (see `soundParts`).
  if (!Array.isArray(suites)) return;
  const flat = suites.filter((suite) => suite?.endsWith('/'));
  if (flat.length > 0 && components.length > 0) {
    complain([...path, 'components'], `cannot stand beside the suite ${quote(flat[0] ?? '')}: flat suites have none`, {
      code: 'conflict',
    });
  }
  if (flat.length < suites.length && components.length === 0) {
    complain(path, 'has no "components"; wanted a list such as [main], or a suite that ends in "/"', {
      code: 'missing',
    });
  }
}

/** Numbers of this host and of its name, where nobody listens on the way. */
const LOOPBACK = /^(localhost|127(\.[0-9]+){3}|\[::1\])$/;

function checkAddress({ url: text, auth }: Repository, path: Path, complain: Complain): void {
  if (!URL.canParse(text)) return;
  const url = new URL(text);
  checkCredentials(text, [...path, 'url'], complain);
  if (auth !== undefined && url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) {
    complain([...path, 'auth'], 'would send a password that everyone on the way can read; wanted an https address', {
      code: 'conflict',
    });
  }
}

/** That an address, which is kept in states, has no user name and password. */
export function checkCredentials(address: string, path: Path, complain: Complain): void {
  if (!URL.canParse(address)) return;
  const url = new URL(address);
  if (url.username === '' && url.password === '') return;
  complain(path, 'must have no user name and password: states keep it');
}
