import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RegistryClient, type RegistrySettings } from './client.js';
import { type RegistrySource } from './registry.js';
export declare const never: AbortSignal;
export declare const patience: {
    attempts: number;
    firstDelayMs: number;
    stallMs: number;
};
/** For servers that are meant to be found silent; too short for a busy machine otherwise. */
export declare const impatience: {
    stallMs: number;
    attempts: number;
    firstDelayMs: number;
};
export declare const manifest: Buffer<ArrayBuffer>;
export declare const mediaType = "application/vnd.oci.image.manifest.v1+json";
export declare const body: Buffer<ArrayBuffer>;
export declare const digest: `sha256:${string}`;
export declare const BLOB: string;
export declare const MANIFEST = "/v2/team/app/manifests/1.0";
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;
/** Says what it is told to, one answer after the other, the last one again and again; by path where that is given. */
export declare class FakeServer {
    #private;
    readonly requests: IncomingMessage[];
    answers: Answer[];
    readonly byPath: Map<string, Answer>;
    private constructor();
    static start(first: Answer): Promise<FakeServer>;
    get host(): string;
    get http(): Server;
    stop(): Promise<void>;
}
export interface OpenOptions extends Partial<RegistrySettings> {
    readonly name?: string;
    readonly auths?: unknown;
    readonly signal?: AbortSignal;
    readonly patience?: typeof patience;
}
/** What a test has around it; made anew for each. */
export interface Surroundings {
    readonly folder: string;
    readonly server: FakeServer;
    /** Another origin. */
    readonly store: FakeServer;
    readonly clients: RegistryClient[];
}
/** Starts the servers before each test, and stops them after it. */
export declare function useServers(): Surroundings;
/** The repository `team/app` of the server, or another, asked by somebody with these credentials in their files. */
export declare function openIn(around: Surroundings, options?: OpenOptions): Promise<RegistrySource>;
/** All that is left of the blob from a place on. */
export declare function blobOf(source: RegistrySource, offset?: number, signal?: AbortSignal): Promise<Buffer>;
export declare function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer>;
export declare const theManifest: Answer;
export declare const whole: Answer;
export declare const status: (code: number, headers?: Record<string, string>, text?: string) => Answer;
export declare const broken: (bytes: number) => Answer;
export declare const ranged: Answer;
export declare const silent: Answer;
export declare const halfSilent: Answer;
export declare const redirect: (to: string, code?: number) => Answer;
/** Lets in who has one of these tokens or passwords; others are told to ask `realm`. */
export declare const guarded: (challenge: string, accepted: readonly string[], then: Answer) => Answer;
export declare const json: (value: unknown) => Answer;
export declare const auth: (text: string) => {
    auth: string;
};
export declare const basic: (text: string) => string;
export declare const bearerAt: (host: string) => string;
/** Says nothing of how much comes. */
export declare const pieces: (...chunks: readonly (string | Buffer)[]) => Answer;
/** Sends until the other side has had enough. */
export declare function flood(response: ServerResponse): void;
