import { type Complain, checkContainer, each } from './check-container.js';
import { checkFiles } from './check-files.js';
import { checkCertificates, checkDisks, checkPackages, checkUsers } from './check-machine.js';
import { checkNetwork } from './check-network.js';
import { checkReference } from './check-reference.js';
import { checkRepositories } from './check-repositories.js';
import { checkOrder, checkSupervision } from './check-supervision.js';
import { checkVolumes, checkVolumesTogether, checkVolumeUses } from './check-volumes.js';
import { CONTAINER_SECTIONS, type PartialSpec } from './partial-spec.js';
import { type Path, quote } from './property.js';
import { Said } from './said.js';
import { suggestion } from './suggest.js';

/** What one source has to be beyond its types, and without asking anything outside. */
export function checkSource(spec: PartialSpec, complain: Complain): void {
  if (spec.kernel?.image !== undefined) checkReference(spec.kernel.image, ['kernel', 'image'], complain);
  each(spec.init, ['init'], (image, at) => checkReference(image, at, complain));
  checkVolumes(spec.volumes, ['volumes'], complain);
  for (const section of CONTAINER_SECTIONS) {
    each(spec[section], [section], (container, at) => {
      checkReference(container.image, [...at, 'image'], complain);
      checkContainer(container, at, complain);
      checkSupervision(container, { path: at, section }, complain);
    });
  }
  checkFiles(spec.files ?? [], ['files'], complain);
  checkPackages(spec.packages, ['packages'], complain);
  checkCertificates(spec.ca, ['ca'], complain);
  checkRepositories(spec.debian?.repositories, ['debian', 'repositories'], complain);
}

/** What can be said only of all sources together. Complains with paths of the merged spec. */
export function checkWhole(spec: PartialSpec, complain: Complain): void {
  if (spec.kernel !== undefined && spec.kernel.image === undefined) {
    const message = 'has no "image"; wanted a text such as "deb:linux-image-cloud-amd64"';
    complain(['kernel'], message, { code: 'missing' });
  }
  const services = new Said(complain);
  each(spec.services, ['services'], ({ name }, at) => {
    services.say(name, [...at, 'name'], { remedy: 'services must differ in their names', whole: at });
  });
  if (spec.debian?.distribution === 'ubuntu' && spec.debian.suite === undefined) {
    complain(['debian'], 'has no "suite"; wanted the code name of a release of Ubuntu, such as "noble"', {
      code: 'missing',
    });
  }
  checkVolumesTogether(spec, complain);
  checkUsers(spec.users, complain);
  checkDisks(spec, complain);
  checkNetwork(spec, complain);
}

const DIGITS = /^[0-9]+$/;

/** That what refers to a container, or to a user, by its name finds one. */
export function checkNames(spec: PartialSpec, complain: Complain): void {
  checkIds(spec, complain);
  checkOrder(spec.services ?? [], complain);
  checkVolumeUses(spec, complain);
}

/**
 * An id that is a text stands for root's, or for that of the container of that name (facts 2.7). In a container it can
 * also be a user or group of its image, which is for whoever has the image to say; in `files`, one of `users`.
 */
function checkIds(spec: PartialSpec, complain: Complain): void {
  const names = new Set(['', 'root']);
  for (const section of CONTAINER_SECTIONS) for (const { name } of spec[section] ?? []) names.add(name);
  const inFiles = new Set([...names, ...(spec.users ?? []).flatMap(({ name, groups = [] }) => [name, ...groups])]);

  function check(id: number | string | undefined, path: Path): void {
    if (typeof id !== 'string' || names.has(id) || !DIGITS.test(id)) return;
    complain(path, `must be a number or a name, got ${quote(id)}; write the number without quotes`);
  }
  function checkInFiles(id: number | string | undefined, path: Path): void {
    if (typeof id !== 'string' || inFiles.has(id)) return;
    if (DIGITS.test(id)) check(id, path);
    else
      complain(
        path,
        `must be a number, "root", or the name of a container or user, got ${quote(id)}${suggestion(id, [...inFiles])}`,
      );
  }

  for (const section of CONTAINER_SECTIONS) {
    each(spec[section], [section], (container, at) => {
      check(container.uid, [...at, 'uid']);
      check(container.gid, [...at, 'gid']);
      each(container.additionalGids, [...at, 'additionalGids'], check);
    });
  }
  each(spec.files, ['files'], (entry, at) => {
    checkInFiles(entry.uid, [...at, 'uid']);
    checkInFiles(entry.gid, [...at, 'gid']);
  });
}
