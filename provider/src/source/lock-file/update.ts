import type { Pin, PinnedPackage } from '../../model/pin.js';
import { didYouMean, nearest } from '../../model/suggestion.js';
import { SourceError } from '../error.js';
import type { LockFileContent } from './content.js';

/** Which pins are to move to the newest, and which stay as they are. */
export interface Update {
  readonly moves: (reference: string, pin: Pin) => boolean;
  readonly movesGuest: (pin: Pin) => boolean;
  /** Of a pin that moves, the packages that keep their version all the same, where they still can. */
  readonly keeps: (pinned: PinnedPackage) => boolean;
  /** Whether the recipe, and the init of Ingot's own, are to be the newest, even if nothing else changes. */
  readonly movesRecipe: boolean;
}

export const UPDATE_NOTHING: Update = {
  moves: () => false,
  movesGuest: () => false,
  keeps: () => true,
  movesRecipe: false,
};

/**
 * Reads what `--update` names: nothing, for all; references as they stand in the spec; packages, with `deb:` before
 * their names or without; `init`, for Ingot's own.
 * @throws {SourceError} `bad-reference` for a word that names nothing in the lock file, with what was probably meant.
 */
export function updateOf(words: readonly string[], { pins, guest }: LockFileContent): Update {
  if (words.length === 0) {
    return { moves: () => true, movesGuest: () => true, keeps: () => false, movesRecipe: true };
  }
  const named = new Set(
    [...Object.values(pins), ...(guest ? [guest.pin] : [])].flatMap(packagesOf).map(({ name }) => name),
  );
  const references = new Set<string>();
  const packages = new Set<string>();
  let init = false;
  for (const word of words) {
    const name = word.replace(/^deb:/, '');
    if (Object.hasOwn(pins, word)) references.add(word);
    else if (named.has(name)) packages.add(name);
    else if (word === INIT && guest !== null) init = true;
    else throw unknown(word, [...Object.keys(pins), ...named, ...(guest ? [INIT] : [])]);
  }
  const hasOne = (pin: Pin): boolean => packagesOf(pin).some((pinned) => packages.has(pinned.name));
  // What is asked for with a reference is the reference with all that it needs.
  const inReferences = new Set([...references].flatMap((reference) => packagesOf(pins[reference] as Pin)).map(keyOf));
  const inInit = new Set(init && guest ? packagesOf(guest.pin).map(keyOf) : []);
  return {
    moves: (reference, pin) => references.has(reference) || hasOne(pin),
    movesGuest: (pin) => init || hasOne(pin),
    keeps: (pinned) => !packages.has(pinned.name) && !inReferences.has(keyOf(pinned)) && !inInit.has(keyOf(pinned)),
    movesRecipe: init,
  };
}

const INIT = 'init';

/** The packages of a pin; an image or a folder has none. */
export function packagesOf(pin: Pin): readonly PinnedPackage[] {
  return pin.kind === 'debian' ? pin.packages : [];
}

function keyOf({ name, version }: PinnedPackage): string {
  return `${name}=${version}`;
}

function unknown(word: string, known: readonly string[]): SourceError {
  const hint =
    didYouMean(nearest(word, known)) || '; wanted a reference of the spec, a package that is pinned, or init';
  return new SourceError(
    'bad-reference',
    `Cannot update ${JSON.stringify(word)}: nothing of that name is pinned${hint}`,
    {
      context: { got: word },
    },
  );
}
