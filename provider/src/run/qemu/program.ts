import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Platform } from '../../model/platform.js';
import { RunError } from '../error.js';
import type { RunParts } from './options.js';

interface Qemu {
  readonly program: string;
  /** The command that installs it, by the package tool that this host has. */
  readonly install: Readonly<Record<string, string>>;
}

const QEMU: Readonly<Record<Platform, Qemu>> = {
  'linux/amd64': {
    program: 'qemu-system-x86_64',
    install: {
      'apt-get': 'apt-get install --no-install-recommends qemu-system-x86',
      dnf: 'dnf install qemu-system-x86-core',
      pacman: 'pacman -S qemu-system-x86',
      brew: 'brew install qemu',
    },
  },
  'linux/arm64': {
    program: 'qemu-system-aarch64',
    install: {
      'apt-get': 'apt-get install --no-install-recommends qemu-system-arm',
      dnf: 'dnf install qemu-system-aarch64-core',
      pacman: 'pacman -S qemu-system-aarch64',
      brew: 'brew install qemu',
    },
  },
};

/** The first program of that name on PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

export async function findQemu(platform: Platform, parts?: RunParts): Promise<string | undefined> {
  return parts?.qemu ?? findProgram(QEMU[platform].program);
}

/** @throws {RunError} `no-qemu`, with the command that installs it. */
export async function requireQemu(platform: Platform, parts?: RunParts): Promise<string> {
  const path = await findQemu(platform, parts);
  if (path !== undefined) return path;
  throw new RunError('no-qemu', `Cannot start a machine for ${platform}: ${await missingQemu(platform)}`);
}

/** What is missing, and the exact command to get it on this host. */
export async function missingQemu(platform: Platform): Promise<string> {
  const { program, install } = QEMU[platform];
  for (const [tool, command] of Object.entries(install)) {
    if ((await findProgram(tool)) === undefined) continue;
    const asRoot = tool === 'brew' || process.getuid?.() === 0 ? '' : 'sudo ';
    return `${program} is not on PATH; install it with: ${asRoot}${command}`;
  }
  return `${program} is not on PATH; install it with one of: ${Object.values(install).join(' | ')}`;
}
