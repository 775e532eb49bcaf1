import { z } from 'zod';
import type { Credentials } from './credentials.js';
import type { Environment } from './proxy.js';
/** What Docker and Podman keep of who one is (docker/cli: config.json; containers-auth.json(5)). */
declare const ConfigurationFile: z.ZodObject<{
    auths: z.ZodOptional<z.ZodNullable<z.ZodRecord<z.ZodString, z.ZodObject<{
        auth: z.ZodOptional<z.ZodString>;
        username: z.ZodOptional<z.ZodString>;
        password: z.ZodOptional<z.ZodString>;
        identitytoken: z.ZodOptional<z.ZodString>;
        registrytoken: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>>>;
    credHelpers: z.ZodOptional<z.ZodNullable<z.ZodRecord<z.ZodString, z.ZodString>>>;
    credsStore: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export type ConfigurationFile = z.infer<typeof ConfigurationFile>;
/** The files that may hold credentials, in the order in which they are asked. */
export declare function credentialFiles(environment: Environment): readonly string[];
/**
 * What a file says; undefined if there is none, and in words what is wrong with one that cannot be read. Never the
 * words of a parser, which quote what they read.
 */
export declare function readConfigurationFile(path: string): Promise<ConfigurationFile | string | undefined>;
/** The keys of `auths` under which an image's credentials may stand, the most exact first. */
export declare function keysFor({ registry, repository, }: {
    readonly registry: string;
    readonly repository: string;
}): string[];
/**
 * The entry of `auths` for the first of some keys. Podman's keys are `host` or `host/name`; Docker's may have a scheme
 * and a path such as `/v1/`, which count for nothing. Hosts must be the same, with the port.
 */
export declare function authFor(keys: readonly string[], { auths }: ConfigurationFile): Credentials | undefined;
/** The program that keeps the credentials of a host, where the file names one. */
export declare function helperFor(host: string, { credHelpers, credsStore }: ConfigurationFile): string | undefined;
export {};
