import { type Credentials } from './credentials.js';
import type { Http } from './http.js';
import { type RegistryMirrors } from './mirrors.js';
/** A place where the images of a registry can be asked for. */
export interface Endpoint {
    /** Of the API (distribution-spec, "Endpoints"): ends in `/v2`, or in a path under it. */
    readonly root: URL;
    /** By which credentials are found: those of a registry are never for its mirror. */
    readonly registry: string;
    /** Given with the address of a mirror. */
    readonly credentials?: Credentials | undefined;
    readonly isMirror: boolean;
}
export interface EndpointOptions {
    readonly mirrors: RegistryMirrors;
    /** Hosts that are asked without TLS, since the user says so. */
    readonly insecure: ReadonlySet<string>;
}
/** Where to ask for the images of a registry: its mirrors, then itself. */
export declare function endpointsOf(registry: string, { mirrors, insecure }: EndpointOptions): readonly Endpoint[];
/** Whether an address may be asked without TLS: the user says so, or it does not leave this machine. */
export declare function mayBePlain(url: URL, { mirrors, insecure }: EndpointOptions): boolean;
/**
 * The endpoint as it can be reached: a registry on this machine may do without TLS, as Docker has it. One that is not
 * there at all is left as it is, for whoever asks it to find out.
 */
export declare function withItsScheme(endpoint: Endpoint, http: Http, signal: AbortSignal): Promise<Endpoint>;
