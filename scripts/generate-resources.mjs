// Writes docs/resources.md from the types and comments of the resource classes. `npm test` fails where the committed page
// differs from what this would write.
//
//   node scripts/generate-resources.mjs

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesPage } from './resources/page.mjs';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'docs/resources.md'), resourcesPage(root));
console.log('wrote docs/resources.md');
