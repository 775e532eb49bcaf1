import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROGRAM as COMMAND } from '../cli/ingot.js';
import { Project } from './project.js';

const PROGRAM = `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', {
  spec: 'web.yml', sbom: 'spdx', secureBoot: { certificate: 'keys/db.pem', key: 'keys/db.key' },
});
const file = new ingot.local.ImageFile('web', { image, untested: true, directory: 'pool' });
export const outputs = { boot: image.boot, sbomDigest: image.sbomDigest, fileBoot: file.boot, file: file.file, sha256: file.sha256 };
`;

let project: Project;
beforeAll(async () => {
  project = await Project.create('quickstart');
  await project.write('index.ts', PROGRAM);
});
afterAll(async () => {
  await project.remove();
});

async function sha256Of(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

test('an Image tells what its disks can be known by and its SBOM, as what is published and written has them', async () => {
  const made = await project.shell(`node '${COMMAND}' keys new keys && node '${COMMAND}' sbom -o sbom.json web.yml`);
  expect(made.code, made.text).toBe(0);
  const { code, text } = await project.up();
  expect(code, text).toBe(0);
  const { boot, sbomDigest, fileBoot, file, sha256 } = JSON.parse(await project.output('outputs'));
  expect(boot).toEqual({
    commandLine: expect.stringContaining(boot.rootHash),
    rootHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    peHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    pcrs: { enforced: expect.objectContaining({ 4: expect.any(String) }), notEnforced: expect.anything() },
  });
  expect(fileBoot).toEqual(boot);
  expect(file).toMatch(/\.img$/);
  expect(await sha256Of(createReadStream(file))).toBe(sha256);
  const sbom = createReadStream(join(project.directory, 'sbom.json'));
  expect(sbomDigest).toBe(`sha256:${await sha256Of(sbom)}`);

  // The same again: nothing is built, and nothing differs.
  const again = await project.run(['preview', '--expect-no-changes']);
  expect(again.code, again.text).toBe(0);
  // Another page is another root: what the boot can be known by is not told before it is.
  await project.write('page/index.html', 'another\n');
  const changed = await project.up();
  expect(changed.code, changed.text).toBe(0);
  const after = JSON.parse(await project.output('outputs'));
  expect(after.boot.rootHash).not.toBe(boot.rootHash);
  expect(after.boot.pcrs.enforced[7]).toBe(boot.pcrs.enforced[7]);
  expect(after.fileBoot).toEqual(after.boot);
  expect(await project.output('outputs')).not.toContain(join('keys', 'db.key'));
});
