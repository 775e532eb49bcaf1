import type { MachineSpec } from '../../model/machine.js';
import type { RolloutStrategy } from '../../model/rollout.js';
import type { Rejection } from '../rollout/observed.js';
import type { MachineOwner, MachineRequest } from './create.js';

/** What the machines of a fleet are made of. */
export interface FleetVersion {
  /** Names all of it: machines with the same version need no replacement. */
  readonly version: string;
  readonly machine: MachineSpec;
  /** Asked when the first machine of it is started. */
  readonly booted: () => Promise<Pick<MachineRequest, 'image' | 'boot' | 'platform' | 'saysReady'>>;
}

export interface FleetRequest {
  /** The fleet's own name, which its machines carry. */
  readonly id: string;
  readonly owner: MachineOwner;
  readonly count: number;
  readonly strategy: RolloutStrategy;
  readonly wanted: FleetVersion;
  /** What it consists of, and goes back to; undefined: it is new. */
  readonly previous?: FleetVersion | undefined;
  readonly rejected: readonly Rejection[];
}
