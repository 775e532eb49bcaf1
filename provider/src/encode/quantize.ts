const MIB = 1 << 20;

/**
 * The next of a few sizes: multiples of an eighth of the power of two below, and of 1 MiB. A size that changes a little
 * mostly stays the same, and so does what lies behind it. What this gives it gives again.
 */
export function upToEighth(sizeBytes: number): number {
  const step = Math.max(MIB, 2 ** Math.floor(Math.log2(Math.max(sizeBytes, 1))) / 8);
  return Math.ceil(sizeBytes / step) * step;
}

/** The next power of two that is at least `leastBytes`. */
export function upToDouble(sizeBytes: number, leastBytes: number): number {
  let size = leastBytes;
  while (size < sizeBytes) size *= 2;
  return size;
}

export function upToMultiple(sizeBytes: number, multipleBytes: number): number {
  return Math.ceil(sizeBytes / multipleBytes) * multipleBytes;
}
