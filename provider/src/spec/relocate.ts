import { isPackageFile, localReferenceText, parseReference, withPackageFiles } from '../model/reference.js';
import { isArmoured } from './check-repositories.js';
import { CONTAINER_SECTIONS, type PartialSpec } from './partial-spec.js';

/** A source's paths, from being relative to its own folder to being relative to the folder that is named from. */
export function relocate(spec: PartialSpec, directory: string): PartialSpec {
  if (directory === '' || directory === '.') return spec;
  const reference = (text: string) => relocated(directory, text);
  const moved: PartialSpec = { ...spec };
  // An entry that was refused is undefined here (see `soundParts`).
  if (spec.files !== undefined) {
    moved.files = spec.files.map((entry) =>
      typeof entry?.source === 'string' ? { ...entry, source: joined(directory, entry.source) } : entry,
    );
  }
  if (spec.ca !== undefined) {
    moved.ca = spec.ca.map((entry) =>
      typeof entry === 'object' ? { ...entry, source: joined(directory, entry.source) } : entry,
    );
  }
  if (spec.debian?.repositories !== undefined) {
    const repositories = spec.debian.repositories.map((repository) =>
      repository?.signedBy === undefined || isArmoured(repository.signedBy)
        ? repository
        : { ...repository, signedBy: joined(directory, repository.signedBy) },
    );
    moved.debian = { ...spec.debian, repositories };
  }
  if (spec.kernel?.image !== undefined) moved.kernel = { ...spec.kernel, image: reference(spec.kernel.image) };
  if (spec.init !== undefined) moved.init = spec.init.map((image) => (image === undefined ? image : reference(image)));
  if (spec.packages !== undefined) {
    moved.packages = spec.packages.map((name) =>
      name !== undefined && isPackageFile(name) ? joined(directory, name) : name,
    );
  }
  if (spec.volumes !== undefined) {
    moved.volumes = spec.volumes.map((volume) =>
      volume?.image === undefined ? volume : { ...volume, image: reference(volume.image) },
    );
  }
  for (const section of CONTAINER_SECTIONS) {
    const containers = spec[section];
    if (containers === undefined) continue;
    moved[section] = containers.map((container) =>
      container?.image === undefined ? container : { ...container, image: reference(container.image) },
    );
  }
  return moved;
}

function relocated(directory: string, text: string): string {
  const { local } = parseReference(text);
  if (local === undefined) return withPackageFiles(text, (path) => joined(directory, path));
  if (local.path === '') return text;
  return localReferenceText({ ...local, path: joined(directory, local.path) });
}

/** Joined as text: `..` is left to the file system, which knows where links lead. */
function joined(directory: string, path: string): string {
  if (path.startsWith('/') || path.startsWith('~/')) return path;
  return `${directory.replace(/\/+$/, '')}/${path.replace(/^(\.\/+)+/, '') || '.'}`;
}
