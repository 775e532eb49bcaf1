import type { RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
export interface TagsOptions {
    readonly client: RegistryClient;
    readonly endpoint: Endpoint;
    readonly repository: string;
    readonly signal: AbortSignal;
}
/** `; did you mean 3.20?` where a repository has tags like the one that it does not have; else nothing. */
export declare function suggestTags(tag: string, options: TagsOptions): Promise<string>;
