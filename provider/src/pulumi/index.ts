import type { CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult } from '@pulumi/pulumi/dynamic';
import { type ConfiguredSettings, settingsFrom } from '../settings.js';
import { abortOnCancel } from './cancel.js';
import type { Handler, Operation } from './handler.js';
import { legibly } from './legible.js';
import { loadInPortions } from './load.js';
import { progressEnded, progressFor } from './progress.js';
import { type Properties, refuseNewer, StateError } from './state.js';

/**
 * The one provider behind every resource of Ingot. The engine stores `exports.handler = () =>
 * require('pulumi-ingot/provider')` with each resource, so the package that is installed now serves also states that
 * older ones wrote.
 */
const HANDLERS: Readonly<Record<string, () => Promise<Handler>>> = {
  // Loaded when it is needed: an Image alone never loads QEMU's half, and so on.
  Image: async () => (await import('./image.js')).image,
  BootTest: async () => (await import('./boot-test.js')).bootTest,
  'local.Disk': async () => (await import('./disk.js')).disk,
  'local.Fleet': async () => (await import('./fleet.js')).fleet,
  'local.ImageFile': async () => (await import('./image-file.js')).imageFile,
  'local.Instance': async () => (await import('./instance.js')).instance,
};

let configured: ConfiguredSettings = {};

/** Stores the stack's configuration before its first await: the host starts other calls while this one runs. */
export async function configure(request: { config: { get(key: string): string | undefined } }): Promise<void> {
  const { config } = request;
  const debianMirror = config.get('ingot:debianMirror');
  const debianSecurityMirror = config.get('ingot:debianSecurityMirror');
  const ubuntuMirror = config.get('ingot:ubuntuMirror');
  const ubuntuSecurityMirror = config.get('ingot:ubuntuSecurityMirror');
  const debianSnapshot = config.get('ingot:debianSnapshot');
  configured = {
    ...(debianMirror ? { debianMirror } : {}),
    ...(debianSecurityMirror ? { debianSecurityMirror } : {}),
    ...(debianSnapshot ? { debianSnapshot } : {}),
    ...(ubuntuMirror ? { ubuntuMirror } : {}),
    ...(ubuntuSecurityMirror ? { ubuntuSecurityMirror } : {}),
  };
}

export async function check(olds: Properties, news: Properties): Promise<CheckResult> {
  return answer(news, async () => {
    refuseNewer(olds);
    const handler = await handlerOf(news);
    // Not with this module: it brings zod, which is loaded in portions.
    const failures = (await import('./inputs.js')).misnamedOf(news);
    if (failures.length > 0) return plain({ inputs: news, failures });
    return plain(await handler.check(olds, news, operationOf(news)));
  });
}

export async function diff(id: string, olds: Properties, news: Properties): Promise<DiffResult> {
  return legibly(async () => {
    refuseNewer(olds);
    return (await handlerOf(news)).diff(id, olds, news);
  });
}

export async function create(inputs: Properties): Promise<CreateResult> {
  return answer(inputs, async () => plain(await (await handlerOf(inputs)).create(inputs, operationOf(inputs))));
}

export async function update(id: string, olds: Properties, news: Properties): Promise<UpdateResult> {
  return answer(news, async () => {
    refuseNewer(olds);
    return plain(await (await handlerOf(news)).update(id, olds, news, operationOf(news)));
  });
}

export async function read(id: string, state: Properties): Promise<ReadResult> {
  return answer(state, async () => {
    refuseNewer(state);
    return plain(await (await handlerOf(state)).read(id, state, operationOf(state)));
  });
}

async function remove(id: string, state: Properties): Promise<void> {
  await answer(state, async () => {
    refuseNewer(state);
    await (await handlerOf(state)).delete(id, state, operationOf(state));
  });
}

export { remove as delete };

/** Answers one call of the engine; then nothing of it is left in the status column, and all warnings are out. */
async function answer<T>({ __urn }: Properties, work: () => Promise<T>): Promise<T> {
  try {
    return await legibly(work);
  } finally {
    await progressEnded(String(__urn ?? ''));
  }
}

async function handlerOf(properties: Properties): Promise<Handler> {
  const load = HANDLERS[String(properties.__type)];
  if (load === undefined) {
    throw new StateError(
      'unknown-resource',
      `Cannot handle a resource of type ${properties.__type}: this version of pulumi-ingot does not know it; install a newer pulumi-ingot`,
    );
  }
  await loadInPortions();
  return load();
}

function operationOf(properties: Properties): Operation {
  const urn = String(properties.__urn ?? '');
  return {
    urn,
    // The engine runs the provider in the program's folder.
    directory: process.cwd(),
    settings: settingsFrom(process.env, configured),
    signal: abortOnCancel(),
    progress: progressFor(urn),
    now: () => new Date(),
  };
}

/** Only plain JSON crosses to the engine: it refuses `undefined` wherever it stands. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value ?? {})) as T;
}
