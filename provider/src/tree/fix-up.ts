/** What a maintainer script does when a package is installed, as data: an image never runs one. Paths are relative. */
export type FixUp =
  /** A system user with a group of its own. */
  | { readonly do: 'user'; readonly name: string; readonly home?: string; readonly gid?: number }
  | { readonly do: 'group'; readonly name: string }
  /** Makes a folder, or gives the one that is there this owner and mode. */
  | ({ readonly do: 'folder'; readonly path: string } & Owner)
  /** Makes a file, unless there is one. */
  | ({ readonly do: 'file'; readonly path: string; readonly text?: string } & Owner)
  /** Gives what is there this owner and mode; nothing where it is missing. */
  | ({ readonly do: 'own'; readonly path: string } & Owner)
  /** Gives a file another place too, unless something is there. */
  | { readonly do: 'copy'; readonly from: string; readonly path: string; readonly mode?: number }
  /** Makes a symbolic link, unless something is there; `over: 'folder'` takes the place of an empty folder. */
  | { readonly do: 'link'; readonly path: string; readonly target: string; readonly over?: 'folder' };

export interface Owner {
  readonly mode?: number;
  /** Names, which must be in the root's passwd and group files. Default: root. */
  readonly user?: string;
  readonly group?: string;
}
