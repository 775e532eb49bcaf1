import { type Digest, isDigest, sha256 } from '../../model/digest.js';
import { SourceError } from '../error.js';
import type { BlobSource } from '../oci/blob-source.js';
import { PATIENCE, type Patience, patiently, transfer } from '../transfer.js';
import { requestPart } from '../transfer-request.js';
import type { RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import { type ImageName, isTag, showImageName } from './image-name.js';
import { readSmall } from './small-answer.js';
import { suggestTags } from './tags.js';
import { within } from './within.js';

/** What registries must take, and most do (distribution-spec, "Pushing Manifests"). */
const MAX_MANIFEST_BYTES = 4 * 2 ** 20;
/** Without these, registries give the oldest form that they can. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export interface RegistryOptions {
  readonly client: RegistryClient;
  /** For manifests; blobs have their own. */
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
}

export interface RegistrySource extends BlobSource {
  /** The digest of the manifest or index that a tag stands for now, without fetching it where the registry can say. */
  digestOf(tag: string): Promise<Digest>;
}

/**
 * A repository of a registry. Its mirrors are asked first; what one does not give, the next is asked for, the registry
 * itself last. The tag and the digest of the name do not matter: they are given with each call.
 */
export function openRegistry(name: ImageName, options: RegistryOptions): RegistrySource {
  return new Repository(name, options);
}

class Repository implements RegistrySource {
  readonly #name: Pick<ImageName, 'registry' | 'repository'>;
  readonly #options: RegistryOptions;
  readonly #endpoints: readonly Endpoint[];

  constructor({ registry, repository }: ImageName, options: RegistryOptions) {
    this.#name = { registry, repository };
    this.#options = options;
    this.#endpoints = options.client.endpointsOf(registry);
  }

  async manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }> {
    const what = this.#what(reference);
    return this.#fromFirst(reference, (endpoint, patience) =>
      this.#patiently({ what, patience }, async (signal) => {
        const answer = await this.#ask(endpoint, { method: 'GET', reference, what, signal });
        const bytes = await readSmall(answer, { url: endpoint.root, maxBytes: MAX_MANIFEST_BYTES, signal });
        const said = answer.header('docker-content-digest');
        checkDigest(bytes, { want: isDigest(reference) ? reference : said, what, host: endpoint.root.host });
        return { bytes, mediaType: mediaTypeOf(answer.header('content-type')) };
      }),
    );
  }

  async digestOf(tag: string): Promise<Digest> {
    const what = this.#what(tag);
    if (isDigest(tag)) return tag;
    const digest = await this.#fromFirst(tag, (endpoint, patience) =>
      this.#patiently({ what, patience }, async (signal) => {
        const answer = await this.#ask(endpoint, { method: 'HEAD', reference: tag, what, signal });
        await answer.discard();
        return answer.header('docker-content-digest') ?? '';
      }),
    );
    return isDigest(digest) ? digest : sha256((await this.manifest(tag)).bytes);
  }

  async *blob(
    digest: Digest,
    options: { readonly sizeBytes: number; readonly offset?: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { sizeBytes, signal } = options;
    const { repository } = this.#name;
    const what = `${digest} of ${showImageName(this.#name)}`;
    const failures: SourceError[] = [];
    let done = options.offset ?? 0;
    for (const [index, endpoint] of this.#endpoints.entries()) {
      const patience = this.#patience(index);
      const { stallMs } = patience;
      const path = `blobs/${digest}`;
      const url = new URL(`${endpoint.root.href}/${repository}/${path}`);
      const exchange = {
        send: (headers: Readonly<Record<string, string>>, stalled: AbortSignal) =>
          this.#options.client.ask(endpoint, { repository, path, method: 'GET', headers, what, signal: stalled }),
        failureOf: () => badAnswer(what, endpoint),
      };
      const requestFrom = (from: number) => requestPart(url, exchange, { sizeBytes, from, stallMs, signal });
      try {
        for await (const chunk of transfer(requestFrom, { of: what, sizeBytes, offset: done, signal, patience })) {
          done += chunk.byteLength;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        failures.push(error);
      }
    }
    throw allOf(failures);
  }

  /** @throws {SourceError} `bad-reference` for what is neither a tag nor a digest. */
  #what(reference: string): string {
    const name = showImageName(this.#name);
    if (isDigest(reference)) return `the manifest of ${name}@${reference}`;
    if (isTag(reference)) return `the manifest of ${name}:${reference}`;
    throw new SourceError(
      'bad-reference',
      `Cannot use ${JSON.stringify(reference)} of ${name}: it is no tag or digest`,
    );
  }

  #ask(
    endpoint: Endpoint,
    { reference, ...rest }: { method: 'GET' | 'HEAD'; reference: string; what: string; signal: AbortSignal },
  ) {
    const { repository } = this.#name;
    const headers = { accept: ACCEPT, 'accept-encoding': 'identity' };
    return this.#options.client.ask(endpoint, { repository, path: `manifests/${reference}`, headers, ...rest });
  }

  /** What the first endpoint gives that gives something. */
  async #fromFirst<T>(reference: string, call: (endpoint: Endpoint, patience: Patience) => Promise<T>): Promise<T> {
    const failures: SourceError[] = [];
    for (const [index, endpoint] of this.#endpoints.entries()) {
      try {
        return await call(endpoint, this.#patience(index));
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        failures.push(error);
      }
    }
    throw await this.#withSuggestion(allOf(failures), reference);
  }

  #patiently<T>(
    { what, patience }: { readonly what: string; readonly patience: Patience },
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#options;
    const limits = { timeoutMs: patience.stallMs, signal, to: `fetch ${what}` };
    return patiently(() => within(limits, call), { signal, patience });
  }

  /** A mirror that is gone must not hold up much: there is somebody else to ask. */
  #patience(index: number): Patience {
    const { patience = PATIENCE } = this.#options;
    const isLast = index === this.#endpoints.length - 1;
    return isLast ? patience : { ...patience, attempts: Math.min(patience.attempts, 2) };
  }

  async #withSuggestion(failure: SourceError, reference: string): Promise<SourceError> {
    if (failure.code !== 'not-found' || isDigest(reference)) return failure;
    const { client, signal, patience = PATIENCE } = this.#options;
    const endpoint = this.#endpoints[this.#endpoints.length - 1] as Endpoint;
    const { repository } = this.#name;
    const asked = { client, endpoint, repository, signal, timeoutMs: patience.stallMs };
    const suggestion = await suggestTags(reference, asked);
    if (suggestion === '') return failure;
    const { code, message, context, cause } = failure;
    return new SourceError(code, `${message}${suggestion}`, { context, cause });
  }
}

function checkDigest(
  bytes: Uint8Array,
  { want, what, host }: { readonly want: string | undefined; readonly what: string; readonly host: string },
): void {
  if (want === undefined || !isDigest(want)) return;
  const got = sha256(bytes);
  if (got === want) return;
  throw new SourceError('digest-mismatch', `Cannot fetch ${what} from ${host}: its digest is ${got}; wanted ${want}`, {
    context: { got, want },
  });
}

/** RFC 9110 section 8.3.1, without parameters. */
function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function badAnswer(what: string, { root }: Endpoint): SourceError {
  return new SourceError('bad-answer', `Cannot fetch ${what} from ${root.host}: the server sends a part unasked`);
}

/** The last failure, which is the registry's own, with what its mirrors said before. */
function allOf(failures: readonly SourceError[]): SourceError {
  const last = failures[failures.length - 1] as SourceError;
  if (failures.length === 1) return last;
  const mirrors = failures.slice(0, -1).map(({ message }) => message);
  const { code, message, context, cause } = last;
  return new SourceError(code, `${message}; before that, its mirrors: ${mirrors.join('; ')}`, { context, cause });
}
