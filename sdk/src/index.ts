export * from './boot-test.js';
export * from './image.js';
export * as local from './local/index.js';
export type { ImageRef, ImageToPublish, ImageToRoll } from './published.js';
export type { PredictedBoot, SecureBoot } from './secure-boot.js';
export type { Spec } from './spec.js';
