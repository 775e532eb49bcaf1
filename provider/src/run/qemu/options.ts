import { join } from 'node:path';
import type { Progress } from '../../model/progress.js';

/** What surrounds every call. */
export interface RunOptions {
  /** Folder of this user for machines, forwarders and what is remembered about this host; made where it is missing. */
  readonly stateDirectory: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Told of a machine as soon as it has a folder, long before it is healthy. */
  readonly began?: (machine: { readonly id: string; readonly consoleFile: string }) => void;
  /** For tests: other parts than the installed ones. */
  readonly parts?: RunParts;
}

export interface RunParts {
  /** Path of the QEMU program, instead of the one on PATH. */
  readonly qemu?: string;
  /** Path of the forwarder's compiled program. */
  readonly forwarder?: string;
  /** QEMU arguments that say what to boot, instead of kernel, initrd and command line. */
  readonly boot?: readonly string[];
  /** Multiplies how long a machine may take to end by itself. */
  readonly patience?: number;
  /** Asked again and again, instead of a clock, whether a start has taken too long: with what is still wrong. */
  readonly isLate?: (wrong: string) => boolean;
}

export function forwarderProgram(parts: RunParts | undefined): string {
  return parts?.forwarder ?? join(__dirname, 'forwarder.js');
}
