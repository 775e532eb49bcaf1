import type { Layer, Pin } from '../model/index.js';
import { Accounts } from './accounts.js';
import { layDown } from './flatten.js';
import { textOf } from './generated.js';
import type { Ids } from './ids.js';
import { type Folder, find, newFolder, plainFolder, type Read } from './root.js';

export interface ImageRootOptions {
  readonly pin: Pin | undefined;
  /** Of all that the image brings. */
  readonly component: string;
  /** The time of what has none: folders that no layer describes, and all that comes from a folder of the user. */
  readonly mtimeSeconds: number;
  readonly read: Read;
}

/** The root file system of a container image, with its users and groups. */
export async function imageRoot(
  layers: readonly Layer[],
  { pin, component, mtimeSeconds, read }: ImageRootOptions,
): Promise<{ root: Folder; uids: Ids; gids: Ids }> {
  const shared = plainFolder(component, mtimeSeconds);
  const root = newFolder(shared);
  for (const layer of layers) {
    const timed = pin?.kind === 'directory' ? withTime(layer, mtimeSeconds) : layer;
    layDown(root, timed, { kind: 'image', component, shared });
  }
  const accounts = new Accounts();
  accounts.readPasswd(await accountFile(root, 'etc/passwd', read));
  accounts.readGroup(await accountFile(root, 'etc/group', read));
  return { root, uids: accounts.uids(), gids: accounts.gids() };
}

function withTime(layer: Layer, mtimeSeconds: number): Layer {
  return { ...layer, entries: layer.entries.map((entry) => ({ ...entry, mtimeSeconds })) };
}

async function accountFile(root: Folder, path: string, read: Read): Promise<string> {
  const node = find(root, path);
  return node?.type === 'file' ? await textOf(node, read) : '';
}
