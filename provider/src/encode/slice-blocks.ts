import { type BlockImage, type Extent, type Piece, REGION_ALIGN_BYTES, type Region } from './block-image.js';
import { endOf, firstBehind, overlap, type Span } from './block-span.js';

/**
 * A part of an image as an image of its own. It has the regions that lie wholly in it, if it begins where a region may.
 * @throws {RangeError} if the part is not within the image.
 */
export function sliceBlocks(image: BlockImage, span: Span): BlockImage {
  const { offset, sizeBytes } = span;
  if (offset < 0 || sizeBytes < 0 || endOf(span) > image.sizeBytes) {
    throw new RangeError(
      `Cannot take ${sizeBytes} bytes at ${offset} of a block image: it has ${image.sizeBytes}; wanted a part of them`,
    );
  }
  return {
    sizeBytes,
    extents: extentsWithin(image.extents, span),
    regions: offset % REGION_ALIGN_BYTES === 0 ? regionsWithin(image.regions, span) : [],
    pieces: (part = { offset: 0, sizeBytes }) => piecesFrom(image, { part, by: offset, limit: sizeBytes }),
  };
}

function extentsWithin(extents: readonly Extent[], span: Span): Extent[] {
  const within: Extent[] = [];
  for (let index = firstBehind(extents, span.offset); index < extents.length; index += 1) {
    const extent = extents[index] as Extent;
    const common = overlap(extent, span);
    if (common === undefined) break;
    within.push({ ...common, offset: common.offset - span.offset, kind: extent.kind });
  }
  return within;
}

function regionsWithin(regions: readonly Region[], span: Span): Region[] {
  const within: Region[] = [];
  for (let index = firstBehind(regions, span.offset); index < regions.length; index += 1) {
    const region = regions[index] as Region;
    if (endOf(region) > endOf(span)) break;
    if (region.offset >= span.offset) within.push({ ...region, offset: region.offset - span.offset });
  }
  return within;
}

async function* piecesFrom(
  image: BlockImage,
  { part, by, limit }: { readonly part: Span; readonly by: number; readonly limit: number },
): AsyncGenerator<Piece, void, undefined> {
  const asked = overlap(part, { offset: 0, sizeBytes: limit });
  if (asked === undefined) return;
  const span = { ...asked, offset: asked.offset + by };
  const source = span.offset === 0 && span.sizeBytes === image.sizeBytes ? image.pieces() : image.pieces(span);
  for await (const { offset, bytes } of source) yield { offset: offset - by, bytes };
}
