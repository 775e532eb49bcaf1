import { parseReference } from '../../model/reference.js';
import { SourceError } from '../error.js';
import { type PackageFiles, pinWithFiles } from '../package-files.js';
import type { LockFileContent } from './content.js';
import { type KnownArchives, unknownArchives } from './known-archives.js';
import type { LockFile } from './lock-file.js';

/** What a spec wants to be pinned. Images on this machine are the user's own files, which are not. */
export interface Wanted extends Pick<LockFileContent, 'platform' | 'suite'> {
  readonly references: ReadonlyMap<string, { readonly property: string }>;
  /** Archives that packages can be in. Default: any. */
  readonly archives?: KnownArchives;
  /** Package files that references name, as they are now. */
  readonly packageFiles?: PackageFiles['files'];
  /** Whether Ingot's own init goes into the image. */
  readonly guest: boolean;
}

/** One reason why a lock file does not fit a spec. */
export interface Reason {
  readonly text: string;
  /** What it is about in the spec, where it is about a part of it. */
  readonly property?: string;
  /** Else what it is about in the lock file: the path to it. */
  readonly inFile?: readonly string[];
}

/**
 * Why a lock file does not fit what the spec wants; nothing where it does. It fits when it pins just the references of
 * the spec, for its platform and suite: then there is nothing to resolve, and `ingot lock` would write the same again.
 */
export function whyStale(content: LockFileContent, wanted: Wanted): Reason[] {
  const reasons: Reason[] = [];
  if (content.platform !== wanted.platform) {
    reasons.push({
      text: `it is for the platform ${content.platform}, and the spec for ${wanted.platform}`,
      property: 'platform',
    });
  }
  if (content.suite !== wanted.suite) {
    reasons.push({
      text: `it is for the suite ${content.suite}, and the spec for ${wanted.suite}`,
      property: 'debian.suite',
    });
  }
  for (const [reference, { property }] of wanted.references) {
    const pin = Object.hasOwn(content.pins, reference) ? content.pins[reference] : undefined;
    if (pin === undefined) reasons.push({ text: `it does not pin ${reference}`, property });
    else if (pin.kind !== kindOf(reference))
      reasons.push({ text: `its pin of ${reference} is that of something else`, property });
    else if (unknownArchives(pin, wanted.archives ?? ANY).length > 0)
      reasons.push({ text: foreign(reference, unknownArchives(pin, wanted.archives ?? ANY)), property });
    else if (pinWithFiles(reference, pin, wanted.packageFiles ?? new Map()) === undefined)
      reasons.push({ text: `the files in ${reference} depend on other packages than they did`, property });
  }
  for (const reference of Object.keys(content.pins).sort()) {
    if (wanted.references.has(reference)) continue;
    reasons.push({ text: `it pins ${reference}, which the spec does not name`, inFile: ['pins', reference] });
  }
  if (wanted.guest && content.guest === null)
    reasons.push({ text: "it does not pin Ingot's own init", inFile: ['guest'] });
  if (!wanted.guest && content.guest !== null) {
    reasons.push({ text: "it pins Ingot's own init, and the spec brings another", property: 'init' });
  }
  return reasons;
}

const ANY: KnownArchives = { names: new Set(), others: true };

function foreign(reference: string, archives: readonly string[]): string {
  const whose = archives.length === 1 ? 'the repository' : 'the repositories';
  const are = archives.length === 1 ? 'is' : 'are';
  return `its packages for ${reference} lie in ${whose} ${archives.join(', ')}, which ${are} not among debian.repositories`;
}

/** @throws {SourceError} `stale` where the lock file does not fit, with what to run. */
export function requireFresh({ path, command, content }: LockFile, wanted: Wanted): void {
  const reasons = whyStale(content, wanted);
  if (reasons.length === 0) return;
  const property = reasons.find((reason) => reason.property !== undefined)?.property;
  throw new SourceError('stale', `Cannot use ${path}: ${sentenceOf(reasons)}; run \`${command}\``, {
    context: { path, ...(property === undefined ? {} : { property }) },
  });
}

const MAX_TOLD = 5;

/** The reasons, the first few, as one sentence. */
export function sentenceOf(reasons: readonly Reason[]): string {
  const told = reasons.slice(0, MAX_TOLD).map(({ text }) => text);
  if (reasons.length > MAX_TOLD) told.push(`${reasons.length - MAX_TOLD} more`);
  return told.length < 2 ? told.join() : `${told.slice(0, -1).join(', ')}, and ${told.at(-1)}`;
}

function kindOf(reference: string): 'debian' | 'image' {
  return parseReference(reference).transport === 'deb' ? 'debian' : 'image';
}
