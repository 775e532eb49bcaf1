import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const ROOT = join(__dirname, '../../provider/src/guest');
/** With what they source, these are all the scripts; each part is checked with the variables that it shares. */
const SCRIPTS = [
  'initramfs/init',
  'root/init',
  'root/usr/bin/svc',
  'root/usr/lib/ingot/boot',
  'root/usr/lib/ingot/dhcp',
  'root/usr/lib/ingot/dhcp6',
  'root/usr/lib/ingot/shell.sh',
  'root/usr/lib/ingot/www/cgi-bin/index.cgi',
];
/** `say.sh` has these for an early end of the boot; `power.sh` replaces them. */
const REPLACED = ['after_failure', 'power_off'];

describe('the guest scripts', () => {
  skipAllBecause(missingPrograms('shellcheck'));

  test.each(SCRIPTS)('%s passes shellcheck', (script) => {
    const options = ['--external-sources', '--check-sourced', '--source-path=root', '--color=never'];
    const { status, stdout, stderr } = spawnSync('shellcheck', [...options, script], { cwd: ROOT, encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
  });

  test('have no two functions of one name, of which the shell would call the later one', () => {
    const folder = join(ROOT, 'root/usr/lib/ingot');
    const names = readdirSync(folder)
      .filter((file) => file.endsWith('.sh'))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').match(/^\w+(?=\(\))/gm) ?? []);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice.sort()).toEqual(REPLACED);
  });
});
