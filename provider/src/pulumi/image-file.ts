import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { z } from 'zod';
import { FORMATS, type Format } from '../model/artifact.js';
import type { Handler } from './handler.js';
import { ImageDigest } from './image-digest.js';
import { misnamedWithin, parseInputs } from './inputs.js';
import { decodeLock } from './lock-text.js';
import { same, withoutLock } from './machine-inputs.js';
import { failuresOfIssues } from './problems.js';
import { SecureBoot, signerOf, signingFailures } from './secure-boot.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown } from './unknown.js';

const DEFAULTS = { format: 'raw-efi', keep: 1 } as const;

/** What a program gives an `ingot.local.ImageFile`; the SDK takes the image apart into its digest, contents and lock. */
const Inputs = z.looseObject({
  imageDigest: ImageDigest,
  directory: z.string().min(1),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must have 1 to 100 letters, digits, dots, dashes or underscores')
    .optional(),
  format: z.string().default(DEFAULTS.format),
  keep: z.int().min(0).max(100).default(DEFAULTS.keep),
  secureBoot: SecureBoot.optional(),
});

const REPLACING = ['imageDigest', 'directory', 'name', 'format', 'secureBoot'] as const;

/** An image in a folder, as a file named by its digest. Another image is another file; the one before stays a while. */
export const imageFile: Handler = {
  async check(olds, news, operation) {
    const named = { ...news, name: news.name ?? nameOf(operation.urn) };
    if (isUnknown(withoutLock(withoutContents(named)))) {
      const inputs = { ...DEFAULTS, ...named, __version: STATE_VERSION };
      const { data } = SecureBoot.safeParse(news.secureBoot);
      return { inputs, failures: [...misnamedWithin(Inputs, named), ...(await signingFailures(data, operation))] };
    }
    const parsed = parseInputs(Inputs, named);
    if (!parsed.success) return { inputs: { ...named }, failures: failuresOfIssues(parsed.error) };
    const { FILE_ENDINGS } = await import('../pipeline.js');
    const { format } = parsed.data;
    const failures: CheckFailure[] = [];
    if (FILE_ENDINGS[format as Format] === undefined) {
      const choice = FORMATS.filter((one) => FILE_ENDINGS[one] !== undefined).join(', ');
      failures.push({ property: 'format', reason: `"${format}" is not a format of one file; choose from ${choice}` });
    }
    // What is there already was signed when it was made.
    if (replacing(olds, parsed.data).length > 0) {
      failures.push(...(await signingFailures(parsed.data.secureBoot, operation)));
    }
    return { inputs: { ...parsed.data, __version: STATE_VERSION }, failures };
  },

  async diff(_id, olds, news) {
    const replaces = replacing(olds, news);
    if (replaces.length > 0) return { replaces };
    return same(olds.keep, news.keep) ? { changes: false } : {};
  },

  async create(inputs, operation) {
    const pipeline = await import('../pipeline.js');
    const { directory, format, keep, name, secureBoot } = Inputs.parse(inputs);
    const locked = decodeLock(inputs.__lock);
    await using workshop = await pipeline.openWorkshop(operation.settings, operation);
    const nonce = randomBytes(16).toString('hex');
    const published = await pipeline.publishFile(
      locked,
      {
        directory: resolve(operation.directory, directory),
        name: name ?? nameOf(operation.urn),
        format: format as Format,
        contents: await pipeline.describe(locked, workshop),
        claim: { nonce, urn: operation.urn, keep },
        ...(await signerOf(secureBoot, workshop)),
      },
      workshop,
    );
    const { id, sizeBytes, sha256 = null, boot = null } = published;
    return {
      id,
      outs: {
        ...inputs,
        file: id,
        sizeBytes,
        sha256,
        boot,
        ref: refOf(inputs, { id, platform: locked.lock.platform }),
        __claim: nonce,
      },
    };
  },

  async update(id, olds, news) {
    const { keepGenerations } = await (await import('../pipeline.js')).imageFiles();
    await keepGenerations(id, { nonce: String(olds.__claim), keep: Inputs.parse(news).keep });
    const { file, sizeBytes, sha256 = null, boot, ref, __claim } = olds;
    return { outs: { ...news, file, sizeBytes, sha256, boot, ref, __claim } };
  },

  async read(id, state) {
    const { readClaimedImage } = await (await import('../pipeline.js')).imageFiles();
    const found = await readClaimedImage(id, String(state.__claim));
    return found === undefined || found.image !== state.imageDigest ? {} : { id, props: { ...state } };
  },

  async delete(id, state, { now }) {
    const { releaseFile } = await (await import('../pipeline.js')).imageFiles();
    await releaseFile(id, { nonce: String(state.__claim), nowMs: now().getTime() });
  },
};

function replacing(olds: Properties, news: Properties): string[] {
  return REPLACING.filter((key) => !same(olds[key], news[key]));
}

/**
 * What another resource, also of another stack, needs to know of a published image: with what is in it, so that the
 * preview of whoever rolls it out shows packages rather than names of files.
 */
function refOf(
  { format, contents, imageDigest }: Properties,
  { id, platform }: { id: string; platform: string },
): Properties {
  return { kind: 'file', digest: imageDigest, file: id, format, platform, contents };
}

function withoutContents(news: Properties): Properties {
  const { contents: _, ...rest } = news;
  return rest;
}

function nameOf(urn: string): string {
  const name = urn.slice(urn.lastIndexOf('::') + 2).replace(/[^A-Za-z0-9._-]/g, '-');
  return name.replace(/^[^A-Za-z0-9]+/, '').slice(0, 100) || 'image';
}
