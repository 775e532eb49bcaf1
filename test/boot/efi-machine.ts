import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** OVMF that enforces Secure Boot, and its empty variable store. */
export const SECURE_FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd';
export const EMPTY_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';

export interface EfiMachineOptions {
  /** A disk; or a program, which becomes EFI/BOOT/BOOTX64.EFI of a FAT volume. What the machine writes to them is lost. */
  readonly from: { readonly disk: string } | { readonly program: string };
  readonly variables: Uint8Array;
  /** Whether the machine has a TPM 2.0, empty. */
  readonly tpm: boolean;
  /** The machine has said enough when this fits its console, or when it is off. */
  readonly until: RegExp;
  readonly timeoutMs?: number;
}

/** What a machine with UEFI says on its console. It has ended afterwards. */
export async function runEfi(options: EfiMachineOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-efi-'));
  const started: ChildProcess[] = [];
  try {
    const disk = 'disk' in options.from ? options.from.disk : await volumeOf(options.from.program, folder);
    await writeFile(join(folder, 'vars.fd'), options.variables);
    await writeFile(join(folder, 'console'), '');
    const tpm = options.tpm ? await startTpm(folder, started) : [];
    const complaints: string[] = [];
    const machine = spawn('qemu-system-x86_64', [...machineArguments(folder, disk), ...tpm], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    machine.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    started.push(machine);
    const end = Date.now() + (options.timeoutMs ?? 600_000);
    for (;;) {
      // Before its last words are read, so that none of them is missed.
      const ended = machine.exitCode !== null || machine.signalCode !== null;
      // Firmware draws on its console with escape sequences.
      const said = (await readFile(join(folder, 'console'), 'latin1')).replace(/\x1b\[[0-9;=]*[A-Za-z]/g, '');
      if (options.until.test(said) || ended) return said + complaints.join('');
      if (Date.now() > end) throw new Error(`the machine went on too long: ${said.slice(-2000)}${complaints.join('')}`);
      await sleep(200);
    }
  } finally {
    for (const child of started) await end(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** A folder that QEMU shows as a FAT volume. */
async function volumeOf(program: string, folder: string): Promise<string> {
  const boot = join(folder, 'esp', 'EFI', 'BOOT');
  await mkdir(boot, { recursive: true });
  await copyFile(program, join(boot, 'BOOTX64.EFI'));
  return `fat:${join(folder, 'esp')}`;
}

function machineArguments(folder: string, disk: string): string[] {
  return [
    ...[
      '-accel',
      'tcg',
      '-machine',
      'q35,smm=on',
      '-cpu',
      'max,cx16=off',
      '-m',
      '512',
      '-nodefaults',
      '-display',
      'none',
    ],
    ...['-no-reboot', '-global', 'driver=cfi.pflash01,property=secure,value=on', '-global', 'ICH9-LPC.disable_s3=1'],
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${SECURE_FIRMWARE}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${join(folder, 'vars.fd')}`],
    ...['-drive', `if=none,id=disk,format=raw,snapshot=on,file=${disk}`],
    ...['-device', 'virtio-blk-pci,drive=disk,romfile=', '-serial', `file:${join(folder, 'console')}`],
  ];
}

/** Whether somebody takes connections at that path: proc(5), /proc/net/unix, of which the fourth field has the flags. */
async function isListening(path: string): Promise<boolean> {
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n');
  return lines.some((line) => line.endsWith(` ${path}`) && line.split(/\s+/)[3] === '00010000');
}

async function startTpm(folder: string, started: ChildProcess[]): Promise<string[]> {
  const state = join(folder, 'tpm');
  await mkdir(state);
  const socket = join(folder, 'tpm.sock');
  started.push(
    spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`], {
      stdio: 'ignore',
    }),
  );
  for (let tries = 0; !(await isListening(socket)); tries++) {
    if (tries > 6000) throw new Error('swtpm does not start');
    await sleep(50);
  }
  return [
    ...['-chardev', `socket,id=tpm,path=${socket}`, '-tpmdev', 'emulator,id=tpm0,chardev=tpm'],
    ...['-device', 'tpm-crb,tpmdev=tpm0'],
  ];
}
