/** Addresses to ask before a registry itself, in order; under `*` for every registry. */
export type RegistryMirrors = ReadonlyMap<string, readonly URL[]>;
/**
 * Reads mirrors, each written as `registry=address` or, for every registry, `address`. An address is that of the
 * mirror's host, with a path where it has one.
 * @throws {SourceError} `no-mirror` for one that makes no sense.
 */
export declare function parseMirrors(entries: readonly string[]): RegistryMirrors;
/** The mirrors of one registry, its own before those of all. */
export declare function mirrorsOf(registry: string, mirrors: RegistryMirrors): readonly URL[];
