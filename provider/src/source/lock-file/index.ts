/** The file beside a spec that says to what its references are pinned. */
export { described, INIT_NAME, type PinChange, pinChanges } from './changes.js';
export type { LockFileContent } from './content.js';
export { type LockFile, lineInLockFile, lockFilePlace, readLockFile, writeLockFile } from './lock-file.js';
export { type Outdated, outdatedPins, pinnedPackages } from './outdated.js';
export { requireFresh, sentenceOf, whyStale } from './stale.js';
export { UPDATE_NOTHING, updateOf } from './update.js';
