import type { Answer } from '../transfer-request.js';
import { type Endpoint } from './endpoint.js';
import type { Environment } from './proxy.js';
/** How registries are reached. */
export interface RegistrySettings {
    /** Each `registry=address`, or `address` for all registries; asked in this order, before the registry itself. */
    readonly mirrors?: readonly string[];
    /** Hosts, with their ports where they have one, that are asked without TLS. */
    readonly insecure?: readonly string[];
    /** A PEM file of authorities that are trusted beside the usual ones. */
    readonly caFile?: string | undefined;
    /** Names proxies and the files of Docker and Podman, and is what credential helpers get. */
    readonly environment: Environment;
}
export interface AskOptions {
    readonly repository: string;
    /** Under `ENDPOINT/REPOSITORY/`: `manifests/latest`. */
    readonly path: string;
    readonly method: 'GET' | 'HEAD';
    readonly headers: Readonly<Record<string, string>>;
    /** In words, for errors: `the manifest of docker.io/library/alpine:3`. */
    readonly what: string;
    readonly signal: AbortSignal;
}
/** Connections and logins to registries, shared by all images of a run. */
export declare class RegistryClient {
    #private;
    private constructor();
    /** @throws {SourceError} `no-mirror`, `unreadable` for settings that make no sense. */
    static open(settings: RegistrySettings): Promise<RegistryClient>;
    /** Ends what is under way, and all connections. */
    close(): Promise<void>;
    /** Where to ask for the images of a registry, in order; the registry itself is the last. */
    endpointsOf(registry: string): readonly Endpoint[];
    /**
     * Asks for something of a repository: logs in where that is wanted, once more when the login is no longer good, and
     * follows redirects.
     * @returns an answer with status 200 or 206, whose body must be read or discarded.
     * @throws {SourceError} `forbidden`, `not-found`, `rate-limited`, `bad-answer`, `unreachable`, `timeout` …
     */
    ask(endpoint: Endpoint, options: AskOptions): Promise<Answer>;
}
