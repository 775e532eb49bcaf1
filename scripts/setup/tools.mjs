import { existsSync } from 'node:fs';
import { findProgram } from '../shell/find.mjs';
import { StepError } from '../shell/step.mjs';
import { aptInstall, canInstall } from './apt.mjs';

/**
 * Programs from the distribution's packages. `for: 'start'` is what a user needs to run a machine; the rest are other
 * people's tools that the tests ask for a second opinion. Package names: apt, dnf, pacman, brew (null: not there).
 */
const TOOLS = [
  {
    program: 'qemu-system-x86_64',
    for: 'start',
    packages: ['qemu-system-x86', 'qemu-system-x86-core', 'qemu-system-x86', 'qemu'],
  },
  { program: 'qemu-img', for: 'test', packages: ['qemu-utils', 'qemu-img', 'qemu-img', 'qemu'] },
  {
    files: ['/usr/share/OVMF', '/usr/share/edk2', '/usr/share/edk2-ovmf', '/opt/homebrew/share/qemu'],
    for: 'test',
    packages: ['ovmf', 'edk2-ovmf', 'edk2-ovmf', 'qemu'],
  },
  { program: 'cpio', for: 'test', packages: ['cpio', 'cpio', 'cpio', 'cpio'] },
  { program: 'zstd', for: 'test', packages: ['zstd', 'zstd', 'zstd', 'zstd'] },
  { program: 'xz', for: 'test', packages: ['xz-utils', 'xz', 'xz', 'xz'] },
  { program: 'bsdtar', for: 'test', packages: ['libarchive-tools', 'bsdtar', 'libarchive', 'libarchive'] },
  { program: 'depmod', for: 'test', packages: ['kmod', 'kmod', 'kmod', null] },
  { program: 'shellcheck', for: 'test', packages: ['shellcheck', 'ShellCheck', 'shellcheck', 'shellcheck'] },
  {
    program: 'qemu-system-aarch64',
    for: 'test',
    packages: ['qemu-system-arm', 'qemu-system-aarch64-core', 'qemu-system-aarch64', 'qemu'],
  },
  {
    files: ['/usr/share/AAVMF', '/usr/share/edk2/aarch64', '/opt/homebrew/share/qemu'],
    for: 'test',
    packages: ['qemu-efi-aarch64', 'edk2-aarch64', 'edk2-aarch64', 'qemu'],
  },
  { program: 'ssh', for: 'test', packages: ['openssh-client', 'openssh-clients', 'openssh', 'openssh'] },
  { program: 'busybox', for: 'test', packages: ['busybox-static', 'busybox', 'busybox', null] },
  { program: 'curl', for: 'test', packages: ['curl', 'curl', 'curl', 'curl'] },
  { program: 'jq', for: 'test', packages: ['jq', 'jq', 'jq', 'jq'] },
  { program: 'setfattr', for: 'test', packages: ['attr', 'attr', 'attr', null] },
  { program: 'skopeo', for: 'test', packages: ['skopeo', 'skopeo', 'skopeo', 'skopeo'] },
  { program: 'umoci', for: 'test', packages: ['umoci', null, null, null] },
  { program: 'docker-registry', for: 'test', packages: ['docker-registry', null, null, null] },
  { program: 'faketime', for: 'test', packages: ['faketime', 'libfaketime', 'libfaketime', 'libfaketime'] },
  { program: 'openssl', for: 'test', packages: ['openssl', 'openssl', 'openssl', 'openssl@3'] },
  { program: 'veritysetup', for: 'test', packages: ['cryptsetup-bin', 'veritysetup', 'cryptsetup', null] },
  { program: 'sbverify', for: 'test', packages: ['sbsigntool', 'sbsigntools', 'sbsigntools', null] },
  { program: 'osslsigncode', for: 'test', packages: ['osslsigncode', 'osslsigncode', null, 'osslsigncode'] },
  { program: 'sign-efi-sig-list', for: 'test', packages: ['efitools', 'efitools', 'efitools', null] },
  { program: 'swtpm', for: 'test', packages: ['swtpm', 'swtpm', 'swtpm', 'swtpm'] },
  { program: 'mke2fs', for: 'test', packages: ['e2fsprogs', 'e2fsprogs', 'e2fsprogs', 'e2fsprogs'] },
  { program: 'fsck.erofs', for: 'test', packages: ['erofs-utils', 'erofs-utils', 'erofs-utils', null] },
  { program: 'sgdisk', for: 'test', packages: ['gdisk', 'gdisk', 'gptfdisk', 'gptfdisk'] },
  { program: 'fsck.fat', for: 'test', packages: ['dosfstools', 'dosfstools', 'dosfstools', 'dosfstools'] },
  { program: 'mcopy', for: 'test', packages: ['mtools', 'mtools', 'mtools', 'mtools'] },
  { program: 'xorriso', for: 'test', packages: ['xorriso', 'xorriso', 'libisoburn', 'xorriso'] },
  { program: 'zsh', for: 'test', packages: ['zsh', 'zsh', 'zsh', 'zsh'] },
  { program: 'fish', for: 'test', packages: ['fish', 'fish', 'fish', 'fish'] },
  // What ukify, from Debian's package of it, is written with.
  {
    files: ['/usr/lib/python3/dist-packages/pefile.py', '/usr/lib/python3/site-packages/pefile.py'],
    for: 'test',
    packages: ['python3-pefile', 'python3-pefile', 'python-pefile', null],
  },
];

const MANAGERS = [
  { program: 'apt-get', command: 'apt-get install -y --no-install-recommends', asRoot: true },
  { program: 'dnf', command: 'dnf install -y', asRoot: true },
  { program: 'pacman', command: 'pacman -S --needed --noconfirm', asRoot: true },
  { program: 'brew', command: 'brew install', asRoot: false },
];

/**
 * Finds the programs, and installs what is missing where that is possible without a question: as root on Debian and
 * its kin. Elsewhere the error says what to run.
 * @param purpose 'start' for what `npm start` needs, 'test' for that and what the tests need
 */
export async function tools(purpose) {
  const missing = missingFor(purpose);
  if (missing.length === 0) return;
  if (canInstall()) await aptInstall(packagesOf(missing, 0));
  const still = missingFor(purpose);
  if (still.length > 0) throw new StepError('tools', { what: `${namesOf(still)} missing`, advice: adviceFor(still) });
}

function missingFor(purpose) {
  return TOOLS.filter((tool) => purpose === 'test' || tool.for === purpose).filter(
    ({ program, files }) => !(program ? findProgram(program) : files.some((file) => existsSync(file))),
  );
}

function adviceFor(missing) {
  const here = MANAGERS.filter(({ program }) => findProgram(program));
  const lines = (here.length > 0 ? here : MANAGERS).map(({ command, asRoot }) => {
    const packages = packagesOf(
      missing,
      MANAGERS.findIndex((manager) => manager.command === command),
    );
    return `  ${asRoot && process.getuid?.() !== 0 ? 'sudo ' : ''}${command} ${packages.join(' ')}`;
  });
  return [`Install ${missing.length === 1 ? 'it' : 'them'} and run this again:`, ...lines].join('\n');
}

function packagesOf(missing, manager) {
  return [...new Set(missing.map(({ packages }) => packages[manager]))].filter((name) => name !== null);
}

function namesOf(missing) {
  return `${missing.map(({ program, packages }) => program ?? packages[0]).join(', ')} ${missing.length === 1 ? 'is' : 'are'}`;
}
