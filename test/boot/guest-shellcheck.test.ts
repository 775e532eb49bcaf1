import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const ROOT = join(__dirname, '../../provider/src/guest');
/** With what they source, these are all the scripts; each part is checked with the variables that it shares. */
const SCRIPTS = ['initramfs/init', 'root/init', 'root/usr/lib/ingot/boot', 'root/usr/lib/ingot/dhcp'];

describe('the guest scripts', () => {
  skipAllBecause(missingPrograms('shellcheck'));

  test.each(SCRIPTS)('%s passes shellcheck', (script) => {
    const options = ['--external-sources', '--check-sourced', '--source-path=root', '--color=never'];
    const { status, stdout, stderr } = spawnSync('shellcheck', [...options, script], { cwd: ROOT, encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
  });
});
