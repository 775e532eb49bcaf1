import { canonicalJson, type Json } from '../../model/index.js';
import { documentUrn, timeText } from './document-id.js';
import type { Inventory } from './inventory.js';
import type { Item, ItemKind } from './item.js';
import { isLicenceExpression, LICENCE_IDS } from './licence.js';

/** The CycloneDX specification 1.6, in JSON. */

/** "component", `type`. */
const TYPES: Readonly<Record<ItemKind, string>> = {
  package: 'library',
  image: 'container',
  folder: 'file',
  kernel: 'operating-system',
  init: 'application',
  file: 'file',
};

const IMAGE = 'image';

/** The bill of materials of an image: the image is its subject, and depends on all that it is made of. */
export function cyclonedxDocument({ digest, recipe, sourceDateEpoch, platform, items }: Inventory): Json {
  const body = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: timeText(sourceDateEpoch),
      tools: { components: [{ type: 'application', name: 'ingot', version: `recipe-${recipe}` }] },
      component: {
        ...{ type: 'operating-system', 'bom-ref': IMAGE, name: 'ingot-image', version: digest },
        properties: [{ name: 'ingot:platform', value: platform }],
      },
    },
    components: items.map(componentOf),
    dependencies: dependenciesOf(items),
  };
  return { ...body, serialNumber: documentUrn(canonicalJson(body as unknown as Json)) } as unknown as Json;
}

function componentOf(item: Item): Json {
  const { kind, id, name, version, url, sha1, sha256, source, licences, supplier, places, reference, architecture } =
    item;
  const properties = [
    ...(architecture === undefined ? [] : [{ name: 'ingot:architecture', value: architecture }]),
    ...(reference === undefined ? [] : [{ name: 'ingot:reference', value: reference }]),
    ...(source === undefined ? [] : [{ name: 'ingot:source', value: source }]),
    ...places.map((place) => ({ name: 'ingot:used-by', value: place })),
  ];
  const hashes = [
    ...(sha1 === undefined ? [] : [{ alg: 'SHA-1', content: sha1 }]),
    ...(sha256 === undefined ? [] : [{ alg: 'SHA-256', content: sha256 }]),
  ];
  return {
    type: TYPES[kind],
    'bom-ref': id,
    ...(supplier === undefined ? {} : { supplier: { name: supplier } }),
    name,
    ...(version ? { version } : {}),
    ...(hashes.length === 0 ? {} : { hashes }),
    ...(licences === undefined ? {} : { licenses: licencesOf(licences) }),
    ...(url === undefined ? {} : { purl: url }),
    properties,
  };
}

/** "licenses": one expression, or any number of ids and names. */
function licencesOf(licences: readonly string[]): Json[] {
  const [only] = licences;
  if (licences.length === 1 && only !== undefined && isLicenceExpression(only)) return [{ expression: only }];
  return licences.map((text) => ({ license: LICENCE_IDS.has(text) ? { id: text } : { name: text } }));
}

function dependenciesOf(items: readonly Item[]): Json[] {
  const parts = new Map<string, string[]>([[IMAGE, []]]);
  for (const { id, within } of items) {
    for (const parent of within.length === 0 ? [IMAGE] : within) {
      const known = parts.get(parent);
      if (known === undefined) parts.set(parent, [id]);
      else known.push(id);
    }
  }
  return [...parts].map(([ref, dependsOn]) => (dependsOn.length === 0 ? { ref } : { ref, dependsOn }));
}
