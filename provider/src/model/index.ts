/** The nouns, in the order in which they come to be. */
export * from './artifact.js';
export * from './attestation.js';
export * from './boot.js';
export * from './contents.js';
export * from './digest.js';
export * from './error.js';
export * from './guest.js';
export * from './layer.js';
export * from './lock.js';
export * from './machine.js';
export * from './pin.js';
export * from './platform.js';
export * from './progress.js';
export * from './reference.js';
export * from './spec.js';
export * from './tree.js';
export * from './volume.js';
