import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The checkout. */
export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');

/** What runs leave behind in the checkout: the quickstart's state, stamps, test reports. Ignored by git. */
export const workFolder = join(root, '.ingot');

/** Programs of the project's dependencies, the project's own Node among them. */
export const binFolder = join(root, 'node_modules/.bin');

/** What is kept between checkouts, by version. */
export function cacheFolder() {
  const base = process.env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'ingot');
}
