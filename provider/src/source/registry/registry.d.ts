import { type Digest } from '../../model/digest.js';
import type { BlobSource } from '../oci/blob-source.js';
import { type Patience } from '../transfer.js';
import type { RegistryClient } from './client.js';
import { type ImageName } from './image-name.js';
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
export declare function openRegistry(name: ImageName, options: RegistryOptions): RegistrySource;
