import { peImageHash, signPe } from '../format/authenticode.js';
import type { Signer } from '../format/cms.js';
import type { MeasuredUki } from '../format/pcr.js';
import { PE_HEAD_BYTES, PE_NX_COMPAT, type PeImage, readPe } from '../format/pe.js';
import { layOutUki, mergeSbat, type PlacedSection, UKI_SBAT, type UkiLayout } from '../format/uki.js';
import { blockBytes } from './block-bytes.js';
import type { BlockImage } from './block-image.js';
import { composeBlocks, concatenateBlocks, type Placed } from './compose-blocks.js';
import { bytesImage } from './content-blocks.js';
import type { EncodeContext } from './context.js';
import { EncodeError } from './error.js';
import { SectionDigests } from './section-digests.js';

export interface UkiOptions {
  /** systemd's stub, of 254 or later: `linuxx64.efi.stub`, `linuxaa64.efi.stub`. */
  readonly stub: BlockImage;
  /** A PE image itself, as kernels with an EFI stub are. */
  readonly kernel: BlockImage;
  /** Each is filled up to a multiple of 4 where another one follows. */
  readonly initrds: readonly BlockImage[];
  /** Goes before the initrds. */
  readonly microcode?: BlockImage;
  /** ASCII, as the firmware's text output and the kernel take it. */
  readonly commandLine: string;
  /** Content of the image's os-release. */
  readonly osRelease?: string;
  /** Version of the kernel, as `uname -r` says. */
  readonly uname?: string;
  /** Lines of SBAT, instead of those that name it as some UKI. */
  readonly sbat?: string;
  /** Without one the UKI is not signed. */
  readonly signer?: Signer;
}

/** A unified kernel image: a program for UEFI that has in it all that is needed to boot. */
export interface UkiImage {
  readonly image: BlockImage;
  /** What was added behind the stub, by offset. */
  readonly sections: readonly PlacedSection[];
  /** From which predictPcrs() tells what a TPM will hold. */
  readonly measured: MeasuredUki;
}

/** Stubs have 0.1 MB. */
const MAX_STUB_BYTES = 16 << 20;
const MAX_SBAT_BYTES = 1 << 16;
const INITRD_ALIGN_BYTES = 4;

/**
 * The unified kernel image of some parts, as ukify 257 lays it out byte for byte; with a signer, signed as firmware with
 * Secure Boot wants it (Authenticode). The same parts and key give the same bytes: no time is signed. Nothing but the
 * stub and the headers is held in memory; to be signed or named by its hash, all of it is read once.
 * @throws {EncodeError} `unrepresentable` for parts that a UKI cannot hold, `no-kernel` for a kernel that is no PE image.
 * @throws {FormatError} as layOutUki() and signPe() do.
 */
export async function encodeUki(options: UkiOptions, context: EncodeContext): Promise<UkiImage> {
  const stub = await bytesWithin(options.stub, { name: 'stub', maxBytes: MAX_STUB_BYTES });
  const kernel = await kernelHeaders(options.kernel);
  checkMachine(readPe(stub), kernel);
  const sbat = mergeSbat([
    await sectionBytes(bytesImage(stub), readPe(stub)),
    await sectionBytes(options.kernel, kernel),
    options.sbat ?? UKI_SBAT,
  ]);
  const parts: readonly (readonly [name: string, image: BlockImage])[] = [
    ['.osrel', textImage('os-release', options.osRelease ?? '')],
    ['.cmdline', textImage('command line', options.commandLine)],
    ['.uname', textImage('uname', options.uname ?? '')],
    ['.linux', options.kernel],
    ['.initrd', joinInitrds(options.initrds)],
    ['.ucode', options.microcode ?? bytesImage(new Uint8Array())],
  ];
  const layout = layOutUki(stub, {
    sections: [
      ...parts.map(([name, { sizeBytes }]) => ({ name, sizeBytes })),
      { name: '.sbat', sizeBytes: sbat.byteLength, bytes: sbat },
    ],
    kernelNx: (kernel.dllCharacteristics & PE_NX_COMPAT) !== 0,
  });
  const bodies = bodiesOf(layout, new Map(parts));
  const pe = readPe(layout.head, layout.sizeBytes);
  const unsigned = compose(layout, bodies);
  const { hash, measured } = await measure({ pe, unsigned, layout, kernel, options }, context.signal);
  const { sections } = layout;
  if (options.signer === undefined) return { image: unsigned, sections, measured };
  const { appended, entry } = await signPe({ hash, sizeBytes: layout.sizeBytes }, options.signer);
  layout.head.set(entry, pe.certificateEntryOffset);
  return { image: compose(layout, bodies, appended), sections, measured };
}

interface Unsigned {
  readonly pe: PeImage;
  readonly unsigned: BlockImage;
  readonly layout: UkiLayout;
  readonly kernel: PeImage;
  readonly options: UkiOptions;
}

async function measure(
  { pe, unsigned, layout, kernel, options }: Unsigned,
  signal: AbortSignal,
): Promise<{ readonly hash: Buffer; readonly measured: MeasuredUki }> {
  // Lies in the stub, and is measured all the same.
  const sbat = pe.sections.filter(({ name }) => name === '.sbat');
  const digests = new SectionDigests([
    ...sbat.map(({ name, rawOffset, virtualSizeBytes }) => ({ name, offset: rawOffset, sizeBytes: virtualSizeBytes })),
    ...layout.sections,
  ]);
  const hash = await peImageHash(pe, abortable(unsigned, { signal, digests }));
  const kernelHash = await peImageHash(kernel, abortable(options.kernel, { signal }));
  return {
    hash,
    measured: { peHash: hash.toString('hex'), kernelPeHash: kernelHash.toString('hex'), sections: digests.end() },
  };
}

function bodiesOf({ sections }: UkiLayout, images: ReadonlyMap<string, BlockImage>): Placed[] {
  return sections.flatMap(({ name, offset }) => {
    const image = images.get(name);
    if (image !== undefined) return { offset, image };
    // A section that is given as bytes and that the stub does not have.
    throw new EncodeError('unrepresentable', `Cannot make a UKI: the stub has no section ${name}; wanted one to fill`);
  });
}

function compose(layout: UkiLayout, bodies: readonly Placed[], appended: Uint8Array = new Uint8Array()): BlockImage {
  const parts = [
    { offset: 0, image: bytesImage(layout.head) },
    ...bodies,
    { offset: layout.sizeBytes, image: bytesImage(appended) },
  ];
  return composeBlocks(parts, { sizeBytes: layout.sizeBytes + appended.byteLength, between: 'zero' });
}

async function* abortable(
  image: BlockImage,
  { signal, digests }: { readonly signal: AbortSignal; readonly digests?: SectionDigests },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of blockBytes(image)) {
    signal.throwIfAborted();
    digests?.add(chunk);
    yield chunk;
  }
}

function joinInitrds(initrds: readonly BlockImage[]): BlockImage {
  const [only] = initrds;
  if (only !== undefined && initrds.length === 1) return only;
  const padded = initrds.flatMap((initrd) => {
    const rest = initrd.sizeBytes % INITRD_ALIGN_BYTES;
    return rest === 0 ? [initrd] : [initrd, bytesImage(new Uint8Array(INITRD_ALIGN_BYTES - rest))];
  });
  return concatenateBlocks(padded);
}

async function kernelHeaders(kernel: BlockImage): Promise<PeImage> {
  const head = await bytesOf(kernel, { offset: 0, sizeBytes: Math.min(PE_HEAD_BYTES, kernel.sizeBytes) });
  try {
    return readPe(head, kernel.sizeBytes);
  } catch (cause) {
    throw new EncodeError(
      'no-kernel',
      'Cannot put the kernel into a UKI: firmware cannot start it; wanted a kernel with an EFI stub, not compressed',
      { cause },
    );
  }
}

function checkMachine(stub: PeImage, kernel: PeImage): void {
  if (stub.machine === kernel.machine) return;
  const [got, want] = [kernel.machine.toString(16), stub.machine.toString(16)];
  throw new EncodeError(
    'unrepresentable',
    `Cannot put the kernel into a UKI: it is for machine ${got}, and the stub for ${want}; wanted both for one`,
    { context: { got, want } },
  );
}

/** The section `.sbat`; empty where there is none. */
async function sectionBytes(image: BlockImage, { sections }: PeImage): Promise<Uint8Array> {
  const section = sections.find(({ name }) => name === '.sbat');
  if (section === undefined) return new Uint8Array();
  if (section.rawSizeBytes > MAX_SBAT_BYTES) {
    // Left out, it would be trusted after its generation was revoked.
    throw new EncodeError(
      'unrepresentable',
      `Cannot make a UKI: a .sbat of the stub or the kernel has ${section.rawSizeBytes} bytes; wanted at most ${MAX_SBAT_BYTES}`,
    );
  }
  return bytesOf(image, { offset: section.rawOffset, sizeBytes: section.rawSizeBytes });
}

function textImage(name: string, text: string): BlockImage {
  if (text.includes('\0')) {
    throw new EncodeError('unrepresentable', `Cannot put the ${name} into a UKI: it has a NUL, at which it would end`);
  }
  return bytesImage(Buffer.from(text));
}

async function bytesWithin(
  image: BlockImage,
  { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
): Promise<Buffer> {
  if (image.sizeBytes > maxBytes) {
    throw new EncodeError(
      'unrepresentable',
      `Cannot put the ${name} into a UKI: it has ${image.sizeBytes} bytes; wanted at most ${maxBytes}`,
    );
  }
  return bytesOf(image, { offset: 0, sizeBytes: image.sizeBytes });
}

async function bytesOf(
  image: BlockImage,
  span: { readonly offset: number; readonly sizeBytes: number },
): Promise<Buffer> {
  const bytes = Buffer.alloc(span.sizeBytes);
  for await (const piece of image.pieces(span)) bytes.set(piece.bytes, piece.offset - span.offset);
  return bytes;
}
