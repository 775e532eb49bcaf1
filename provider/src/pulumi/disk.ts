import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { hexOf, sha256 } from '../model/digest.js';
import { AttachedDisk } from '../model/machine.js';
import type { Handler } from './handler.js';
import { parseInputs } from './inputs.js';
import { same } from './machine-inputs.js';
import { failuresOfIssues } from './problems.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown } from './unknown.js';

const MIB = 2 ** 20;
const MAX_SERIAL_CHARACTERS = 20;

/** What a program gives an `ingot.local.Disk`. */
const Inputs = z.looseObject({
  sizeMiB: z
    .int()
    .min(1)
    .max(2 ** 30),
  serial: AttachedDisk.shape.serial.optional(),
  path: z.string().min(1).optional(),
  existingFile: z.string().min(1).optional(),
});

/** A disk for data. It survives images and machines; it is made larger in place, and never smaller. */
export const disk: Handler = {
  async check(olds, news, operation) {
    if (isUnknown(news)) return { inputs: { ...news, __version: STATE_VERSION } };
    const parsed = parseInputs(Inputs, news);
    if (!parsed.success) return { inputs: { ...news }, failures: failuresOfIssues(parsed.error) };
    const { sizeMiB, path, existingFile } = parsed.data;
    const failures = [];
    if (path !== undefined && existingFile !== undefined) {
      const reason = 'Cannot both make a new disk at path and go on with existingFile; leave out one';
      failures.push({ property: 'existingFile', reason });
    }
    if (typeof olds.sizeMiB === 'number' && sizeMiB < olds.sizeMiB && replacing(olds, news).length === 0) {
      const reason = `${sizeMiB} is less than the ${olds.sizeMiB} that the disk has: what is behind would be lost; make another disk, and copy`;
      failures.push({ property: 'sizeMiB', reason });
    }
    const serial = parsed.data.serial ?? serialOf(operation.urn);
    return { inputs: { ...parsed.data, serial, __version: STATE_VERSION }, failures };
  },

  async diff(_id, olds, news) {
    const replaces = replacing(olds, news);
    if (replaces.length > 0) return { replaces };
    return ['sizeMiB', 'serial'].every((key) => same(olds[key], news[key])) ? { changes: false } : {};
  },

  async create(inputs, { directory, settings }) {
    const { createDisk, readDisk, growDisk } = await (await import('../pipeline.js')).disks();
    const { sizeMiB, path, existingFile } = Inputs.parse(inputs);
    const sizeBytes = sizeMiB * MIB;
    const { stateDirectory } = settings;
    if (existingFile !== undefined) {
      const place = resolve(directory, existingFile);
      const found = await readDisk(place);
      const { path: file } =
        found === undefined || found.sizeBytes < sizeBytes ? await growDisk(place, sizeBytes) : found;
      return { id: file, outs: { ...inputs, file } };
    }
    const place = path === undefined ? {} : { path: resolve(directory, path) };
    const { path: file } = await createDisk({ sizeBytes, stateDirectory, ...place });
    return { id: file, outs: { ...inputs, file } };
  },

  async update(id, olds, news) {
    const { growDisk, readDisk } = await (await import('../pipeline.js')).disks();
    const { sizeMiB } = Inputs.parse(news);
    const file = String(olds.file ?? id);
    const found = await readDisk(file);
    if (found === undefined || found.sizeBytes < sizeMiB * MIB) await growDisk(file, sizeMiB * MIB);
    return { outs: { ...news, file } };
  },

  async read(id, state) {
    const { readDisk } = await (await import('../pipeline.js')).disks();
    const found = isAbsolute(id) ? await readDisk(id) : undefined;
    if (found === undefined) return {};
    // One that was made larger by somebody else is as large as it is.
    const least = typeof state.sizeMiB === 'number' ? state.sizeMiB * MIB : 0;
    return {
      id,
      props: { ...state, ...(found.sizeBytes < least ? { sizeMiB: Math.floor(found.sizeBytes / MIB) } : {}) },
    };
  },

  async delete(id, state) {
    // A file that was there before belongs to whoever made it.
    if (typeof state.existingFile === 'string') return;
    const { deleteDisk } = await (await import('../pipeline.js')).disks();
    await deleteDisk(String(state.file ?? id));
  },
};

/** Another file is another disk. */
function replacing(olds: Properties, news: Properties): string[] {
  return ['path', 'existingFile'].filter((key) => !same(olds[key], news[key]));
}

/** By which the machine finds it, where the program gives none: the name of the resource, if it can be one. */
function serialOf(urn: string): string {
  const name = urn.slice(urn.lastIndexOf('::') + 2).replace(/[^A-Za-z0-9._-]/g, '-');
  if (name !== '' && name.length <= MAX_SERIAL_CHARACTERS) return name;
  return `${name.slice(0, 11)}-${hexOf(sha256(urn)).slice(0, 8)}`;
}
