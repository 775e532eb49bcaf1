import { ownProgram } from './own-program.js';

/** The program with which the makers of SPDX read and check documents (`scripts/setup/spdx-tools.mjs`); undefined where there is none. */
export function spdxTools(): string | undefined {
  return ownProgram('pyspdxtools', 'spdx-tools-0.8.5/bin');
}
