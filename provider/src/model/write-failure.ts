const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder; make it first',
  ENOTDIR: 'it is not a folder, or something on the way is none; name another place',
  EEXIST: 'something of that name is there, and is not a folder; name another place',
  EISDIR: 'it is a folder; give the name of a file in it',
  EACCES: 'it may not be written; give permission, or name another place',
  EPERM: 'it may not be written; give permission, or name another place',
  EROFS: 'its file system is read-only; name another place',
  ENAMETOOLONG: 'its name is too long; give a shorter one',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota is used up; make room',
};

/** Where the kernel alone makes files and folders, and says of any other that it is not there. */
const MADE_BY_KERNEL = /^\/(proc|sys)\//;
const NOT_THERE = 'nothing can be made there; name another place';

/** Why the system did not write a file or make a folder, and what to do; undefined for what is no error of the system. */
export function whyNotWritten(error: unknown): string | undefined {
  const { code, syscall, path = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (code === undefined || syscall === undefined) return undefined;
  // Folders are made with those above them (store/make-folder.ts): what is missing then is where a link leads.
  if (code === 'ENOENT' && (syscall !== 'open' || MADE_BY_KERNEL.test(path))) return NOT_THERE;
  return REASONS[code] ?? `the system refused it (${code}); name another place`;
}
