import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';
import { type Folder, find } from './root.js';

/** Where a program without a slash in its name is looked for, unless the container sets PATH. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandContext {
  readonly reference: string;
  /** Where a command could have come from, with the reason why it did not: `packages have no entry point`. */
  readonly source: string;
  /** `services[0]`. */
  readonly property: string;
  readonly env: readonly string[];
  readonly cwd: string;
  /** Destinations of mounts: what lies below them is not known before the machine runs. */
  readonly mountPoints: readonly string[];
}

/** `env` with a PATH: packages and folders bring none, and some images neither. */
export function withDefaultPath(env: readonly string[]): readonly string[] {
  return env.some((setting) => setting.startsWith('PATH=')) ? env : [`PATH=${DEFAULT_PATH}`, ...env];
}

/**
 * That the first word of a command is a program in `root`.
 * @throws {TreeError} `no-command`, `command-not-found` with the nearest programs.
 */
export function checkCommand(root: Folder, command: readonly string[], context: CommandContext): void {
  const [program] = command;
  const property = `${context.property}.command`;
  if (program === undefined || program === '') {
    throw new TreeError(
      'no-command',
      `Cannot run ${context.reference}: ${context.source}; set \`command\` to what is to be run`,
      { property },
    );
  }
  const candidates = candidatesFor(program, context);
  if (candidates.some((path) => isBelow(path, context.mountPoints) || isProgram(root, path))) return;
  const there = candidates.find((path) => find(root, path)?.type === 'file');
  const problem =
    there !== undefined
      ? `${there} is not executable; wanted a program`
      : program.includes('/')
        ? `there is no file ${candidates[0]} in it`
        : `it is in none of the folders of PATH (${folderList(context)})`;
  throw new TreeError(
    'command-not-found',
    `Cannot run ${JSON.stringify(program)} in ${context.reference}: ${problem}${didYouMean(similar(root, program, context))}`,
    { property, got: program },
  );
}

/** Absolute paths under which the program may lie, in the order of PATH. */
function candidatesFor(program: string, context: CommandContext): string[] {
  if (program.startsWith('/')) return [program];
  if (program.includes('/')) return [`${context.cwd.replace(/\/$/, '')}/${program}`];
  return folderList(context)
    .split(':')
    .map((folder) => `${folder}/${program}`);
}

function folderList({ env }: CommandContext): string {
  const setting = env.find((text) => text.startsWith('PATH='));
  return setting?.slice('PATH='.length) ?? DEFAULT_PATH;
}

function isProgram(root: Folder, path: string): boolean {
  const node = find(root, path);
  return node?.type === 'file' && (node.mode & 0o111) !== 0;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => folder === '/' || path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`),
  );
}

/** Programs with the same name elsewhere, else with similar names. */
function similar(root: Folder, program: string, context: CommandContext): string[] {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const programs = new Map<string, string>();
  for (const folder of new Set(folderList(context).split(':'))) {
    const node = find(root, folder);
    if (node?.type !== 'directory') continue;
    for (const child of node.children.keys()) if (!programs.has(child)) programs.set(child, `${folder}/${child}`);
  }
  const same = programs.get(name);
  if (same !== undefined) return [same];
  const near = nearest(name, programs.keys());
  return program.includes('/') ? near.map((child) => programs.get(child) ?? child) : near;
}
