/** The type bits of a mode, as stat(2) has them (inode(7), "The file type and mode"), and so cpio and EROFS. */
export const MODE_TYPE = {
  mask: 0o170000,
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;
