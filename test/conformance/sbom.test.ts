import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assemble } from '../../provider/src/tree/assemble.js';
import { LICENCE_IDS } from '../../provider/src/tree/sbom/licence.js';
import { sbomInput } from '../../provider/src/tree/sbom/sbom.fixture.js';
import { type SbomFormat, sbom } from '../../provider/src/tree/sbom/sbom.js';
import { skipBecause } from '../skip.js';
import { spdxTools } from './spdx-tools.js';

async function textOf(format: SbomFormat): Promise<string> {
  const input = sbomInput();
  return JSON.stringify(await sbom(await assemble(input), input, format));
}

describe('an SBOM', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-sbom-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('keeps to the schema that CycloneDX publishes, in its strict form', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    const text = await textOf('cyclonedx');
    expect(await validator.validate(text)).toBeNull();
    // The judge is awake.
    expect(await validator.validate(text.replace('"library"', '"book"'))).not.toBeNull();
  });

  test('has ids of licences that are on the list of SPDX', () => {
    const path = require.resolve('@cyclonedx/cyclonedx-library/package.json');
    const schema = join(path, '../res/schema/spdx.SNAPSHOT.schema.json');
    const { enum: ids } = JSON.parse(readFileSync(schema, 'utf8')) as { enum: string[] };
    expect([...LICENCE_IDS].filter((id) => !ids.includes(id))).toEqual([]);
  });

  test("is one that SPDX's own tools read and find valid", async (context) => {
    const program = spdxTools();
    if (program === undefined)
      return skipBecause(context, 'no spdx-tools on this machine: `npm run setup` installs it');
    const judge = (text: string): string => {
      const path = join(folder, 'image.spdx.json');
      writeFileSync(path, text);
      // Converts it, after it has validated all of it.
      return execFileSync(program, ['-i', path, '-o', join(folder, 'image.spdx')], { encoding: 'utf8', stdio: 'pipe' });
    };
    const text = await textOf('spdx');
    expect(judge(text)).not.toMatch(/invalid|error/i);
    expect(() => judge(text.replace('"SHA1"', '"SHA512"'))).toThrow();
  });
});
