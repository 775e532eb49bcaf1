/** Tree → Artifact: one function per output format. */
export { type Compression, compressorOf } from './compression.js';
export type { EncodeContext, EncodedFile } from './context.js';
export { EncodeError, type EncodeErrorCode } from './error.js';
export { encodeKernelInitrd, type KernelInitrdOptions } from './kernel-initrd.js';
export { encodeTar } from './tar.js';
