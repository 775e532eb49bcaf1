import type { CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult } from '@pulumi/pulumi/dynamic';
import type { Progress } from '../model/progress.js';
import type { Settings } from '../settings.js';
import type { Properties } from './state.js';

/** What surrounds one call of the engine. */
export interface Operation {
  readonly urn: string;
  /** Folder of the program; relative paths of the user start here. */
  readonly directory: string;
  readonly settings: Settings;
  /** Aborted when the engine is cancelled (Ctrl-C). */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly now: () => Date;
}

/** One resource's half of Pulumi's provider protocol. `olds` of `check` are inputs, everywhere else they are outputs. */
export interface Handler {
  check(olds: Properties, news: Properties, operation: Operation): Promise<CheckResult>;
  diff(id: string, olds: Properties, news: Properties): Promise<DiffResult>;
  create(inputs: Properties, operation: Operation): Promise<CreateResult>;
  update(id: string, olds: Properties, news: Properties, operation: Operation): Promise<UpdateResult>;
  read(id: string, state: Properties, operation: Operation): Promise<ReadResult>;
  delete(id: string, state: Properties, operation: Operation): Promise<void>;
}
