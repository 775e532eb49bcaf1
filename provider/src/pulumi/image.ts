import { z } from 'zod';
import type { Contents } from '../model/contents.js';
import { debugSpec } from '../model/debug.js';
import { canonicalJson, hexOf, type Json, sha256 } from '../model/digest.js';
import { Spec } from '../model/spec.js';
import type { LockFile, LockOptions } from '../pipeline.js';
import { ImageBudget, imageOverBudget } from './budget.js';
import type { Handler, Operation } from './handler.js';
import { misnamedWithin, parseInputs } from './inputs.js';
import { decodeLock, encodeLock } from './lock-text.js';
import { failuresOf, failuresOfIssues } from './problems.js';
import { SecureBoot, signerOf, signingFailures } from './secure-boot.js';
import { type Properties, STATE_VERSION, StateError } from './state.js';
import { isUnknown, UNKNOWN } from './unknown.js';

/** What a program gives an `ingot.Image`. */
const Inputs = z.looseObject({
  spec: z.union([z.string().min(1), z.array(z.string().min(1)).min(1), z.record(z.string(), z.json())], {
    error: 'must be the path of a YAML file, a list of paths, YAML text, or an object',
  }),
  pins: z.enum(['keep', 'latest'], { error: 'must be "keep" or "latest"' }).optional(),
  platform: Spec.shape.platform,
  root: Spec.shape.root,
  debug: z.boolean().optional(),
  budget: ImageBudget.optional(),
  secureBoot: SecureBoot.optional(),
  predictBoot: z.boolean().optional(),
  sbom: z.enum(['spdx', 'cyclonedx'], { error: 'must be "spdx" or "cyclonedx"' }).optional(),
});

const Signing = Inputs.pick({ secureBoot: true, predictBoot: true });

/** What `check` finds out, unless the spec is not known yet. */
const COMPUTED = ['digest', 'contents', 'kernel', 'commandLine', 'rootSizeBytes', '__lock'] as const;

/**
 * A spec, locked and described. Everything is found out in `check`, so that a preview knows the digest and shows what
 * changes inside; what takes a build is found out in `create` and `update`, where the program asks for it. It owns
 * nothing outside the cache, so nothing is ever replaced or destroyed.
 */
export const image: Handler = {
  async check(olds, news, operation) {
    const known = withoutComputed(news);
    if (news.__secret === true || isUnknown(news.__secret))
      return { inputs: { ...known }, failures: [secretFailure()] };
    if (isUnknown(known)) {
      const inputs = { ...known, ...notKnownYet(), __version: STATE_VERSION };
      // What is not known yet is going to change: then it is signed.
      const { data: signing } = Signing.safeParse(isUnknown(known.secureBoot) ? {} : known);
      const failures = [...misnamedWithin(Inputs, known), ...(await failuresOfSigning(signing ?? {}, operation))];
      return { inputs, failures };
    }
    const parsed = parseInputs(Inputs, known);
    if (!parsed.success) return { inputs: { ...known }, failures: failuresOfIssues(parsed.error) };
    try {
      const computed = await describeImage(parsed.data, olds, operation);
      const before = olds.contents as Contents | undefined;
      const over = imageOverBudget(computed.contents as Contents, { budget: parsed.data.budget ?? {}, before });
      const inputs = { ...known, ...computed, __version: STATE_VERSION };
      const failures = [
        // The engine prints the value of a property that it knows: here the budget, which the reason has in words.
        ...over.map((reason) => ({ property: '', reason })),
        // Who changes nothing needs no keys.
        ...(identityOf(olds) === identityOf(inputs) ? [] : await failuresOfSigning(parsed.data, operation)),
      ];
      return { inputs, ...(failures.length > 0 ? { failures } : {}) };
    } catch (error) {
      return { inputs: { ...known }, failures: failuresOf(error) };
    }
  },

  async diff(_id, olds, news) {
    return { ...(identityOf(olds) === identityOf(news) ? { changes: false } : {}) };
  },

  async create(inputs, operation) {
    const id = `image-${hexOf(sha256(String(inputs.__urn))).slice(0, 12)}`;
    return { id, outs: { ...inputs, ...(await buildOutputs(inputs, operation)) } };
  },

  async update(_id, _olds, news, operation) {
    return { outs: { ...news, ...(await buildOutputs(news, operation)) } };
  },

  async read(id, state) {
    return { id, props: { ...state } };
  },

  async delete() {
    // Content in the cache belongs to no image alone.
  },
};

async function describeImage(
  inputs: z.infer<typeof Inputs>,
  olds: Properties,
  operation: Operation,
): Promise<Record<(typeof COMPUTED)[number], unknown>> {
  const { at, openWorkshop, parse, lock, describe, lockDigest, readLockFile } = await import('../pipeline.js');
  await using workshop = await openWorkshop(operation.settings, operation);
  const parsed = await parse(inputs.spec, workshop);
  const previous = typeof olds.__lock === 'string' ? decodeLock(olds.__lock) : undefined;
  const move = inputs.pins === 'latest';
  const file = await readLockFile(inputs.spec, workshop);
  if (file !== undefined && move) throw contradiction(file);
  const said = { ...parsed.spec, ...overriding(inputs, { spec: parsed.spec, file }) };
  const spec = inputs.debug ? debugSpec(said) : said;
  const options: LockOptions = {
    file,
    ...(previous ? { previous } : {}),
    move,
    // What the preview resolved is what the update does, also when the archive has moved in between.
    remember: nameOf(operation.urn, { spec, move, previous: previous?.lock ?? null }),
  };
  return await at(parsed, async () => {
    const locked = await lock(spec, options, workshop);
    const digest = lockDigest(locked.lock);
    const unchanged = digest === olds.digest && olds.contents !== undefined;
    const contents = unchanged ? (olds.contents as Contents) : await describe(locked, workshop);
    return {
      digest,
      contents,
      kernel: contents.kernel.version,
      commandLine: contents.kernel.commandLine,
      rootSizeBytes: contents.sizes.rootBytes,
      // The text may differ for the same lock (another version of the compressor), and must not show as a change.
      __lock: unchanged ? olds.__lock : encodeLock(locked),
    };
  });
}

/** What only building the image tells: nothing, unless the program asks for it. */
async function buildOutputs(inputs: Properties, operation: Operation): Promise<Properties> {
  const { secureBoot, predictBoot, sbom } = Signing.extend({ sbom: Inputs.shape.sbom }).parse(inputs);
  const isBootWanted = predictBoot ?? secureBoot !== undefined;
  if (!isBootWanted && sbom === undefined) return {};
  const pipeline = await import('../pipeline.js');
  const locked = decodeLock(inputs.__lock);
  await using workshop = await pipeline.openWorkshop(operation.settings, operation);
  return {
    ...(isBootWanted ? { boot: await pipeline.predict(locked, await signerOf(secureBoot, workshop), workshop) } : {}),
    ...(sbom ? { sbomDigest: sha256(await pipeline.sbomText(locked, sbom, workshop)) } : {}),
  };
}

/** Only where the image itself builds a disk: what publishes it signs what it publishes. */
async function failuresOfSigning({ secureBoot, predictBoot = true }: z.infer<typeof Signing>, operation: Operation) {
  return predictBoot ? signingFailures(secureBoot, operation) : [];
}

/** What the program says in the place of the spec. What decides what is pinned has to be where the lock file is made. */
function overriding(
  { platform, root }: Pick<z.infer<typeof Inputs>, 'platform' | 'root'>,
  { spec, file }: { readonly spec: Spec; readonly file: LockFile | undefined },
): Partial<Spec> {
  const said = { ...(platform === undefined ? {} : { platform }), ...(root === undefined ? {} : { root }) };
  for (const [property, value] of Object.entries(said)) {
    if (file === undefined) continue;
    const pinned = property === 'platform' ? file.content.platform : spec.root;
    if (pinned === value) continue;
    throw new StateError(
      'bad-pins',
      `Cannot use ${property}: ${JSON.stringify(value)}: ${file.path} is there, and pins what the spec needs without it; ` +
        `give a list of specs, the last one a file that says \`${property}: ${value}\`, which has a lock file of its own`,
      { context: { path: file.path, property } },
    );
  }
  return said;
}

function contradiction({ path, command }: LockFile): StateError {
  return new StateError(
    'bad-pins',
    `Cannot use pins: "latest": ${path} is there, and says to what everything is pinned; leave pins out and run ` +
      `\`${command} --update\`, or remove that file`,
    { context: { path, property: 'pins' } },
  );
}

function nameOf(urn: string, parts: unknown): string {
  return `${urn} ${sha256(canonicalJson(parts as Json))}`;
}

/** What makes two sets of properties the same image, declared in the same way. */
function identityOf(properties: Properties): string {
  const { digest, spec, pins, platform, root, debug, budget, secureBoot, predictBoot, sbom } = properties;
  const said = { digest, spec, pins, platform, root, debug, budget, secureBoot, predictBoot, sbom };
  return canonicalJson(said as { [name: string]: Json });
}

function withoutComputed(news: Properties): Properties {
  const known: Record<string, unknown> = { ...news };
  for (const key of COMPUTED) delete known[key];
  return known;
}

function notKnownYet(): Record<string, string> {
  return Object.fromEntries(COMPUTED.map((key) => [key, UNKNOWN]));
}

function secretFailure(): { property: string; reason: string } {
  return {
    property: '',
    reason:
      'Cannot build an image from this spec: it contains a secret, and everyone who has the image could read it; ' +
      'give secrets to the machine instead (a file from its metadata or a secret store), not to the image',
  };
}
