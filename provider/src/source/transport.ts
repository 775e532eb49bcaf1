import type { Layer } from '../model/layer.js';
import type { Pin } from '../model/pin.js';
import { type Architecture, architectureOf, type Platform } from '../model/platform.js';
import type { Progress } from '../model/progress.js';
import { parseReference } from '../model/reference.js';
import type { Store } from '../store/store.js';
import type { Mirrors } from './debian/mirrors.js';
import { SourceError, type SourceErrorCode } from './error.js';

/** What every transport needs to resolve and open. */
export interface SourceOptions {
  readonly store: Store;
  readonly platform: Platform;
  readonly suite: string;
  /** Asked for only when a transport needs it: a spec without packages needs no mirror. */
  readonly mirrors: () => Promise<Mirrors>;
  readonly offline: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** What a reference is for: a kernel is looked up among kernel packages alone. */
export type Role = 'kernel' | 'root' | 'guest';

/**
 * Every root made of packages has these two: the merged-/usr links and the users that packages rely on. Their own
 * dependencies (a shell, awk) are for maintainer scripts, which never run here.
 */
const ALWAYS_IN_ROOTS = ['base-files', 'base-passwd'];

export interface ResolveOptions extends SourceOptions {
  /** Their packages keep their version where they still can. */
  readonly keep: readonly Pin[];
  /** Where the reference stands in the spec, for errors. */
  readonly property?: string;
}

/** Turns a reference into a pin. */
export async function resolve(reference: string, role: Role, options: ResolveOptions): Promise<Pin> {
  try {
    return await resolveByTransport(reference, role, options);
  } catch (error) {
    const { property } = options;
    if (property === undefined || !(error instanceof SourceError) || !ABOUT_THE_REFERENCE.has(error.code)) throw error;
    throw new SourceError(error.code, error.message, { cause: error.cause, context: { ...error.context, property } });
  }
}

/** The user's own words are wrong, and not the network or an archive. */
const ABOUT_THE_REFERENCE = new Set<SourceErrorCode>([
  'bad-reference',
  'unknown-package',
  'unsatisfiable',
  'conflict',
  'no-kernel',
  'unsupported',
]);

async function resolveByTransport(reference: string, role: Role, options: ResolveOptions): Promise<Pin> {
  const parsed = parseReference(reference);
  switch (parsed.transport) {
    case 'deb': {
      const { resolvePackages } = await import('./debian/resolve.js');
      return resolvePackages(parsed.name.split(','), {
        store: options.store,
        suite: options.suite,
        architecture: architecture(options),
        mirrors: await options.mirrors(),
        now: options.now(),
        signal: options.signal,
        progress: options.progress,
        offline: options.offline,
        keep: options.keep.flatMap((pin) => pin.packages),
        ...(role === 'kernel' ? { follow: (name: string) => name.startsWith('linux-image-') } : {}),
        ...(role === 'root' ? { always: ALWAYS_IN_ROOTS } : {}),
      });
    }
    case 'registry':
      throw new SourceError(
        'unsupported',
        `Cannot resolve ${reference}: images from registries cannot be read yet; use packages, such as deb:lighttpd`,
        { context: { path: reference } },
      );
  }
}

/** The layers of what is pinned, lowest first; fetched and unpacked where the store does not have them. */
export async function open(pin: Pin, role: Role, options: SourceOptions): Promise<readonly Layer[]> {
  const { store, signal, progress } = options;
  // Found out only when something has to be fetched: a full cache needs no mirror.
  const debian = { store, signal, progress, mirrors: options.mirrors, offline: options.offline };
  if (role === 'kernel') {
    const { openKernel } = await import('./debian/kernel.js');
    return [await openKernel(pin, debian)];
  }
  const { openPackages } = await import('./debian/open.js');
  return openPackages(pin, debian);
}

function architecture(options: SourceOptions): Architecture {
  return architectureOf(options.platform);
}
