import { ownProgram } from './own-program.js';

/** Google's client of registries (`scripts/setup/crane.mjs`); undefined where there is none. */
export function crane(): string | undefined {
  return ownProgram('crane', 'crane-0.20.3');
}
