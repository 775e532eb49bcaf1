import type { Digest } from './digest.js';

/**
 * What is in an image, in words that stay small (64 kB at the most) and read well as a nested diff in a preview.
 * Every value is a short string or number; every map's keys are sorted.
 */
export interface Contents {
  /** Package name → version; several versions in one image are joined with `, `. */
  readonly packages: Readonly<Record<string, string>>;
  /**
   * Packages whose maintainer scripts do more than what is known of them → which. No script is run, so it is missing in
   * the image. Absent where there is none.
   */
  readonly scriptsNotRun?: Readonly<Record<string, string>>;
  /** Image reference → short digest. */
  readonly images: Readonly<Record<string, string>>;
  /** Service or `onboot/NAME` → one line: command, image, and a short digest of its whole configuration. */
  readonly services: Readonly<Record<string, string>>;
  readonly kernel: { readonly version: string; readonly commandLine: string; readonly modules: number };
  /** Path of each of the user's files → `sha256:… 1.2 kB 0644`; over 200 of them are one digest and a count. */
  readonly files: Readonly<Record<string, string>>;
  /** Component id → `N files, N bytes, sha256:…`: shows that something changed where no line above does. */
  readonly components: Readonly<Record<string, string>>;
  /** Paths of setuid and setgid files. */
  readonly setuid: readonly string[];
  /** Path of each file with capabilities of its own → which, as `getcap` has them. Absent where there is none. */
  readonly fileCapabilities?: Readonly<Record<string, string>>;
  /**
   * `80/tcp` → who says that it is open: the health checks of services, `ready`, container images. What a program opens
   * beside them is not known. Absent where there is none.
   */
  readonly ports?: Readonly<Record<string, string>>;
  /** User name → uid, of every passwd file in the image, as `service/user`. */
  readonly users: Readonly<Record<string, string>>;
  readonly sizes: { readonly rootBytes: number; readonly files: number };
  readonly runtime: { readonly recipe: number; readonly guest: string; readonly platform: string };
}

/** A lock digest with what it holds. */
export interface Described {
  readonly digest: Digest;
  readonly contents: Contents;
}
