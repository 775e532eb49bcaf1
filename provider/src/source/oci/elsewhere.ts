import type { Digest } from '../../model/digest.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import type { ImageManifest } from './document.js';

/** More addresses for one layer are there to keep us busy. */
const MAX_ADDRESSES = 8;

/** The bytes of a blob behind an address, from a place on; unverified, and asked for without any credentials. */
export type Download = (
  url: URL,
  options: { readonly sizeBytes: number; readonly offset: number; readonly signal: AbortSignal },
) => AsyncIterable<Uint8Array>;

export interface ElsewhereOptions {
  /** The manifest that the blobs belong to; asked for only when the source does not have one of them. */
  readonly manifest: () => Promise<Pick<ImageManifest, 'layers'>>;
  readonly download: Download;
}

/**
 * A source that does not have all layers of an image: where the manifest names addresses of one (OCI image spec 1.1,
 * descriptor.md, "urls"), it is asked for there, at one after the other.
 */
export function withElsewhere(source: BlobSource, options: ElsewhereOptions): BlobSource {
  return {
    manifest: (reference) => source.manifest(reference),
    async *blob(digest, { sizeBytes, offset = 0, signal }) {
      const ask = { sizeBytes, offset, signal };
      let missing: SourceError;
      try {
        yield* source.blob(digest, ask);
        return;
      } catch (error) {
        if (!(error instanceof SourceError) || error.code !== 'not-found') throw error;
        missing = error;
      }
      const failures: SourceError[] = [];
      for (const url of await addressesOf(digest, options)) {
        let begun = false;
        try {
          for await (const chunk of options.download(url, ask)) {
            begun = true;
            yield chunk;
          }
          return;
        } catch (error) {
          if (begun || !(error instanceof SourceError)) throw error;
          failures.push(error);
        }
      }
      const last = failures.at(-1);
      if (last === undefined) throw missing;
      const before = [missing, ...failures.slice(0, -1)].map(({ message }) => message).join('; ');
      throw new SourceError(last.code, `${last.message}; before that: ${before}`, { cause: last });
    },
  };
}

async function addressesOf(digest: Digest, { manifest }: ElsewhereOptions): Promise<URL[]> {
  const urls = (await manifest()).layers.flatMap((layer) => (layer.digest === digest ? (layer.urls ?? []) : []));
  return [...new Set(urls)].slice(0, MAX_ADDRESSES).flatMap((url) => {
    // What is no web address, or wants a password, is none that we can ask.
    if (!URL.canParse(url)) return [];
    const address = new URL(url);
    const plain = /^https?:$/.test(address.protocol) && address.username === '' && address.password === '';
    return plain ? [address] : [];
  });
}
