/** Tree → Artifact: one function per output format. */
export type { BlockImage } from './block-image.js';
export { type BootDisk, type BootOptions, encodeBootDisk, encodeBootIso, withRootInside } from './boot-disk.js';
export { bootParts } from './boot-parts.js';
export { type Compression, compressorOf } from './compression.js';
export type { EncodeContext, EncodedFile } from './context.js';
export { encodeDockerArchive } from './docker-archive.js';
export { encodeErofsRoot } from './erofs-root.js';
export { EncodeError, type EncodeErrorCode } from './error.js';
export { encodeGcpArchive } from './gcp-archive.js';
export { imageFile } from './image-file.js';
export { encodeKernelErofs } from './kernel-erofs.js';
export { encodeKernelInitrd, type KernelInitrdOptions } from './kernel-initrd.js';
export { encodeOciArchive } from './oci-archive.js';
export { encodeOci } from './oci-image.js';
export { encodeCompressedQcow2Image } from './qcow2-compressed-image.js';
export { encodeQcow2Image } from './qcow2-image.js';
export { encodeTar } from './tar.js';
export { encodeTarKernelInitrd } from './tar-kernel-initrd.js';
