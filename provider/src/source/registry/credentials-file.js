"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.credentialFiles = credentialFiles;
exports.readConfigurationFile = readConfigurationFile;
exports.keysFor = keysFor;
exports.authFor = authFor;
exports.helperFor = helperFor;
const promises_1 = require("node:fs/promises");
const node_os_1 = require("node:os");
const node_path_1 = require("node:path");
const zod_1 = require("zod");
const image_name_js_1 = require("./image-name.js");
const text = zod_1.z.string();
/** One entry of `auths`. Keys that are for others are left alone. */
const Auth = zod_1.z.object({
    auth: text.optional(),
    username: text.optional(),
    password: text.optional(),
    identitytoken: text.optional(),
    registrytoken: text.optional(),
});
/** What Docker and Podman keep of who one is (docker/cli: config.json; containers-auth.json(5)). */
const ConfigurationFile = zod_1.z.object({
    auths: zod_1.z.record(text, Auth).nullish(),
    credHelpers: zod_1.z.record(text, text).nullish(),
    credsStore: text.nullish(),
});
const MAX_BYTES = 4 * 2 ** 20;
/** The files that may hold credentials, in the order in which they are asked. */
function credentialFiles(environment) {
    const home = environment.HOME || (0, node_os_1.homedir)();
    const podman = (0, node_path_1.join)('containers', 'auth.json');
    const files = [
        environment.REGISTRY_AUTH_FILE,
        (0, node_path_1.join)(environment.DOCKER_CONFIG || (0, node_path_1.join)(home, '.docker'), 'config.json'),
        environment.XDG_RUNTIME_DIR && (0, node_path_1.join)(environment.XDG_RUNTIME_DIR, podman),
        (0, node_path_1.join)(environment.XDG_CONFIG_HOME || (0, node_path_1.join)(home, '.config'), podman),
    ];
    return [...new Set(files.filter((file) => file !== undefined && file !== ''))];
}
/**
 * What a file says; undefined if there is none, and in words what is wrong with one that cannot be read. Never the
 * words of a parser, which quote what they read.
 */
async function readConfigurationFile(path) {
    let bytes;
    try {
        const { size } = await (0, promises_1.stat)(path);
        if (size > MAX_BYTES)
            return `has more than ${MAX_BYTES} bytes`;
        bytes = await (0, promises_1.readFile)(path);
    }
    catch (error) {
        const { code = 'unknown error' } = error;
        return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `cannot be read (${code})`;
    }
    try {
        const parsed = ConfigurationFile.safeParse(JSON.parse(bytes.toString('utf8')));
        return parsed.success ? parsed.data : `has something unexpected at ${placeOf(parsed.error)}`;
    }
    catch {
        return 'is no JSON';
    }
}
/** The keys of `auths` under which an image's credentials may stand, the most exact first. */
function keysFor({ registry, repository, }) {
    const parts = repository.split('/');
    const hosts = (0, image_name_js_1.registryOf)(registry) === registry && image_name_js_1.HUB_NAMES.includes(registry) ? image_name_js_1.HUB_NAMES : [registry];
    const spaces = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
    return [...spaces, ''].flatMap((space) => hosts.map((host) => `${host}${space}`));
}
/**
 * The entry of `auths` for the first of some keys. Podman's keys are `host` or `host/name`; Docker's may have a scheme
 * and a path such as `/v1/`, which count for nothing. Hosts must be the same, with the port.
 */
function authFor(keys, { auths }) {
    const entries = Object.entries(auths ?? {}).map(([key, auth]) => [normalised(key), auth]);
    for (const key of keys) {
        for (const [name, auth] of entries) {
            const credentials = name === key ? credentialsOf(auth) : undefined;
            if (credentials !== undefined)
                return credentials;
        }
    }
    return undefined;
}
/** The program that keeps the credentials of a host, where the file names one. */
function helperFor(host, { credHelpers, credsStore }) {
    const own = Object.entries(credHelpers ?? {}).find(([key]) => (0, image_name_js_1.registryOf)(normalised(key)) === (0, image_name_js_1.registryOf)(host));
    return (own?.[1] ?? credsStore) || undefined;
}
function normalised(key) {
    const [, scheme, rest = ''] = /^(https?:\/\/)?(.*)$/s.exec(key) ?? [];
    const host = (rest.split('/')[0] ?? '').toLowerCase();
    const path = rest.slice(host.length).replace(/\/+$/, '');
    return scheme !== undefined || /^\/v[12]$/.test(path) ? host : host + path;
}
function credentialsOf(entry) {
    if (entry.identitytoken)
        return { kind: 'identity', token: entry.identitytoken };
    if (entry.registrytoken)
        return { kind: 'bearer', token: entry.registrytoken };
    if (entry.username && entry.password !== undefined) {
        return { kind: 'password', user: entry.username, password: entry.password };
    }
    const decoded = Buffer.from(entry.auth ?? '', 'base64')
        .toString('utf8')
        .replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    return colon <= 0
        ? undefined
        : { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
/** The top key alone: names of registries are no secret, but what stands in a wrong place may be one. */
function placeOf(error) {
    const path = error.issues[0]?.path ?? [];
    return path.length === 0 ? 'its beginning' : String(path[0]);
}
