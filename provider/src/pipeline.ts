/**
 * From a spec to a running machine: the table of contents. Each line is a stage's work as the commands and the Pulumi
 * handlers ask for it; how the stages are put together for it is told in the file of that name under pipeline/. Those
 * files alone know more than one stage, and load a stage when it is needed.
 *
 *   Spec ──▶ Lock ──▶ Layer ──▶ Tree ──▶ Artifact ──▶ Published ──▶ Instance
 *   parse    lock     open      assemble build        publish       run
 */
export { lockDigest } from './model/lock.js';
export { assemble, describe } from './pipeline/assemble.js';
export { bootFiles, testImage } from './pipeline/boot.js';
export { build, type StreamedArtifact, type StreamedFile, stream } from './pipeline/build.js';
export { commandLineOf } from './pipeline/command-line.js';
export {
  compare,
  diffPage,
  formatDiff,
  isArchive,
  type Survey,
  survey,
  withArchive,
} from './pipeline/compare.js';
export type { Compression, EncodeOptions } from './pipeline/encode.js';
export { type ExportedInputs, exportInputs, importInputs, lockFileContentOf } from './pipeline/export.js';
export { newKeys, signerFor } from './pipeline/keys.js';
export { lint } from './pipeline/lint.js';
export { type LockOptions, lock } from './pipeline/lock.js';
export { lockFile, outdated, readLockFile, relock, staleness } from './pipeline/lock-file.js';
export { type RunRequest, runBuilt, runImage } from './pipeline/machines.js';
export { at, parse } from './pipeline/parse.js';
export { type PredictedBoot, predict } from './pipeline/predict.js';
export { FILE_ENDINGS, publishFile } from './pipeline/publish.js';
export { sbomText } from './pipeline/sbom.js';
export { openWorkshop, type Workshop } from './pipeline/workshop.js';
export type {
  BootSource,
  BootTestRecord,
  DiskFormat,
  FleetMachine,
  FleetResult,
  FleetVersion,
  MachineRecord,
  MachineRequest,
} from './run/qemu/machine.js';
export type { LockFile } from './source/lock-file/lock-file.js';
export type { Outdated } from './source/lock-file/outdated.js';
export { makeFolder } from './store/make-folder.js';

/** Artifact → Instance, and back: machines on this host. Loaded when it is needed. */
export const run = (): Promise<typeof import('./run/qemu/machine.js')> => import('./run/qemu/machine.js');

/** Images that are published as files, and who needs them. Loaded when it is needed. */
export const imageFiles = (): Promise<typeof import('./publish/local/image-file.js')> =>
  import('./publish/local/image-file.js');

/** Disks for data on this host. Loaded when it is needed. */
export const disks = (): Promise<typeof import('./run/disk/data-disk.js')> => import('./run/disk/data-disk.js');

/** The cache itself: what is in it, and how it is kept small and sound. */
export const cache = (): Promise<typeof import('./store/upkeep.js')> => import('./store/upkeep.js');
