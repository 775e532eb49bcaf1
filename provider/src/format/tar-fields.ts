/** What a tar archive consists of: headers, and bodies filled up to it. */
export const TAR_BLOCK_BYTES = 512;

/** Offset and length of the fields that the header has in every dialect (POSIX.1-2017 pax(1), "ustar Interchange Format"). */
export const TAR_FIELD = {
  name: { at: 0, bytes: 100 },
  mode: { at: 100, bytes: 8 },
  uid: { at: 108, bytes: 8 },
  gid: { at: 116, bytes: 8 },
  size: { at: 124, bytes: 12 },
  mtime: { at: 136, bytes: 12 },
  checksum: { at: 148, bytes: 8 },
  typeflag: { at: 156, bytes: 1 },
  linkname: { at: 157, bytes: 100 },
} as const;
