import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFirmware } from '../../provider/src/run/qemu/firmware.js';
import { type Ended, ingot } from '../cli/ingot.js';
import { freePort } from '../free-port.js';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';
import { HANGS_MS, untilAnswered } from './guest-machine.js';

describe('the quickstart on arm64', () => {
  skipAllBecause(missingPrograms('qemu-system-aarch64'));
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-arm64-'));
    const quickstart = join(__dirname, '../../examples/quickstart');
    const spec = await readFile(join(quickstart, 'web.yml'), 'utf8');
    const other = spec.replace('linux-image-cloud-amd64', 'linux-image-cloud-arm64');
    await writeFile(join(folder, 'web.yml'), `${other}platform: linux/arm64\n`);
    await cp(join(quickstart, 'page'), join(folder, 'page'), { recursive: true });
    environment = {
      INGOT_STATE: join(folder, '.state'),
      ...(process.env.INGOT_CACHE ? { INGOT_CACHE: process.env.INGOT_CACHE } : {}),
    };
  });
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  function run(...words: string[]): Promise<Ended> {
    return ingot(words, { folder, environment });
  }

  test('boots by its kernel, says on its console that it is ready, serves its page, and runs commands', async () => {
    const inside = ['--command', 'web: lighttpd -tt -f /etc/web/lighttpd.conf', '--command', 'uname -m => aarch64'];
    const wanted = ['--http', '80/=immutable machine', '--console', '"ingot":"ready"', ...inside];
    const { code, stdout, stderr } = await run('test', '--timeout', '200', ...wanted, 'web.yml');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64} passed/);
  });

  test('boots as a disk, by UEFI, from its verified root', async (context) => {
    const reason = await findFirmware('linux/arm64', { qemu: '/usr/bin/qemu-system-aarch64' }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (reason !== undefined) skipBecause(context, reason);
    const built = await run('build', '-f', 'raw-efi', 'web.yml');
    expect(built.code, built.stderr).toBe(0);
    const port = await freePort();
    const platform = ['--platform', 'linux/arm64'];
    const started = await run(
      'run',
      '--json',
      '--detach',
      '--timeout',
      '200',
      '--publish',
      `${port}:80`,
      ...platform,
      'web-efi.img',
    );
    expect(started.code, started.stderr).toBe(0);
    const { id, consoleFile } = JSON.parse(started.stdout) as { id: string; consoleFile: string };
    try {
      const { text } = await untilAnswered(`http://127.0.0.1:${port}/`);
      expect(text).toContain('Hello from an immutable machine');
      await expect.poll(() => readFile(consoleFile, 'utf8'), { timeout: HANGS_MS }).toContain('"ingot":"ready"');
    } finally {
      await run('stop', id);
    }
  });
});
