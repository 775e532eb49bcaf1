import { mapInOrder } from '../format/map-in-order.js';
import { tarEnd, tarPadding } from '../format/tar-writer.js';
import { type Digest, hexOf, shortDigest } from '../model/digest.js';
import type { Content, Tree } from '../model/tree.js';
import { archiveBytes } from './archive.js';
import type { ArchiveEntry } from './archive-chunks.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { documentOf, imageConfig, type OciImageOptions } from './oci-image.js';
import { layerDiffId } from './oci-layer-blob.js';
import { type OciLayer, ociLayers } from './oci-layers.js';
import { plainHeader } from './plain-tar.js';

/**
 * The root as `docker load` takes it: Docker's image specification 1.2, "Combined Image JSON + Filesystem Changeset
 * Format". Layers are not compressed, so it is made as fast as it is written; the image is called `ingot`, tagged with
 * the first digits of its lock's digest. Role: `docker-archive`.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable`.
 */
export async function encodeDockerArchive(
  tree: Tree,
  options: OciImageOptions,
  context: EncodeContext,
): Promise<EncodedFile[]> {
  const layers = ociLayers(tree);
  const diffIds: Digest[] = [];
  for await (const diffId of mapInOrder(layers, (layer) => layerDiffId(layer, context), { inFlight: 2 })) {
    diffIds.push(diffId);
  }
  const config = documentOf(imageConfig(tree, { ...options, layers, diffIds }));
  const configPath = `${hexOf(config.sha256)}.json`;
  const manifest = documentOf([
    {
      Config: configPath,
      RepoTags: [`ingot:${shortDigest(options.image)}`],
      Layers: diffIds.map(layerPath),
    },
  ]);
  const { sourceDateEpoch: mtimeSeconds } = options;
  const entries = function* (): Generator<ArchiveEntry> {
    yield document('manifest.json', manifest, mtimeSeconds);
    yield document(configPath, config, mtimeSeconds);
    const written = new Set<Digest>();
    for (const [index, layer] of layers.entries()) {
      const diffId = diffIds[index] as Digest;
      if (written.has(diffId)) continue;
      written.add(diffId);
      yield* layerFile(layerPath(diffId), layer, mtimeSeconds);
    }
    yield { path: '', header: tarEnd() };
  };
  return [{ role: 'docker-archive', bytes: (how) => archiveBytes(entries(), context, how) }];
}

function layerPath(diffId: Digest): string {
  return `${hexOf(diffId)}.tar`;
}

function document(path: string, content: Content, mtimeSeconds: number): ArchiveEntry {
  const { sizeBytes } = content;
  return {
    ...{ path, content, padding: tarPadding(sizeBytes) },
    header: plainHeader(path, { type: 'file', sizeBytes, mtimeSeconds }),
  };
}

/** A tar within the tar: its entries are the body of one of ours. */
function* layerFile(path: string, { entries, sizeBytes }: OciLayer, mtimeSeconds: number): Generator<ArchiveEntry> {
  yield { path, header: plainHeader(path, { type: 'file', sizeBytes, mtimeSeconds }) };
  yield* entries();
  yield { path, header: tarPadding(sizeBytes) };
}
