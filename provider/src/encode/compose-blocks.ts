import { type BlockImage, type Extent, type Piece, REGION_ALIGN_BYTES, type Region } from './block-image.js';
import { endOf, firstBehind, joinExtents, overlap, type Span } from './block-span.js';

/** An image at its place in a larger one. */
export interface Placed {
  readonly offset: number;
  readonly image: BlockImage;
}

export interface ComposeOptions {
  /** Of the whole. */
  readonly sizeBytes: number;
  /** What lies before, between and behind the parts. */
  readonly between: 'zero' | 'unused';
}

/**
 * One image of several, each at its place; they come by offset. Regions go along with a part whose place is a multiple
 * of 4096 bytes; the others lose theirs.
 * @throws {RangeError} if parts overlap, do not come by offset, or reach beyond the whole.
 */
export function composeBlocks(parts: readonly Placed[], options: ComposeOptions): BlockImage {
  const { sizeBytes } = options;
  const places = parts.map(({ offset, image }) => ({ offset, sizeBytes: image.sizeBytes, image }));
  checkPlaces(places, sizeBytes);
  return {
    sizeBytes,
    extents: joinExtents(extentsOf(places, options)),
    regions: places.flatMap(regionsOf),
    pieces: (span = { offset: 0, sizeBytes }) => piecesOf(places, span),
  };
}

/** One image of several, one behind the other without gaps; filled up with zeros to `sizeBytes`, if that is given. */
export function concatenateBlocks(images: readonly BlockImage[], sizeBytes?: number): BlockImage {
  let end = 0;
  const parts = images.map((image) => {
    const offset = end;
    end += image.sizeBytes;
    return { offset, image };
  });
  return composeBlocks(parts, { sizeBytes: sizeBytes ?? end, between: 'zero' });
}

type Place = Span & { readonly image: BlockImage };

function checkPlaces(places: readonly Place[], sizeBytes: number): void {
  let end = 0;
  for (const place of places) {
    if (place.offset < end || endOf(place) > sizeBytes) {
      throw new RangeError(
        `Cannot place a block image of ${place.sizeBytes} bytes at ${place.offset}: what is free there begins at ` +
          `${end}, and all ends at ${sizeBytes}`,
      );
    }
    end = endOf(place);
  }
}

function* extentsOf(places: readonly Place[], { sizeBytes, between }: ComposeOptions): Generator<Extent> {
  let end = 0;
  for (const place of places) {
    yield { offset: end, sizeBytes: place.offset - end, kind: between };
    for (const extent of place.image.extents) yield { ...extent, offset: place.offset + extent.offset };
    end = endOf(place);
  }
  yield { offset: end, sizeBytes: sizeBytes - end, kind: between };
}

function regionsOf({ offset, image }: Place): readonly Region[] {
  if (offset % REGION_ALIGN_BYTES !== 0) return [];
  return image.regions.map((region) => ({ ...region, offset: offset + region.offset }));
}

async function* piecesOf(places: readonly Place[], span: Span): AsyncGenerator<Piece, void, undefined> {
  for (let index = firstBehind(places, span.offset); index < places.length; index += 1) {
    const place = places[index] as Place;
    if (place.offset >= endOf(span)) return;
    const common = overlap(place, span);
    if (common === undefined) continue;
    const { image } = place;
    const part = { offset: common.offset - place.offset, sizeBytes: common.sizeBytes };
    const pieces = part.sizeBytes === image.sizeBytes ? image.pieces() : image.pieces(part);
    for await (const { offset, bytes } of pieces) yield { offset: place.offset + offset, bytes };
  }
}
