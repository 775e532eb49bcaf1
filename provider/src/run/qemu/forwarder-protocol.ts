import type { ProcessIdentity } from './process-identity.js';

/**
 * What is said over a forwarder's control socket: one JSON line each way. A forwarder holds one published port for one
 * owner, passes new connections to its active machine, or in turn to several, and ends when its last machine is gone.
 */
export type ForwarderRequest =
  | { readonly do: 'stat' }
  /** Makes a machine known, and the forwarder listen again if it had stopped; no connection goes there yet. */
  | {
      readonly do: 'add';
      readonly owner: PortOwner;
      readonly machine: string;
      readonly port: number;
      readonly process: ProcessIdentity;
    }
  /** From now on new connections go to that machine, and so do old ones where HTTP allows it. */
  | { readonly do: 'switch'; readonly machine: string }
  /** The same, beside those that are active already: a fleet's machines take turns. */
  | { readonly do: 'join'; readonly machine: string }
  /**
   * No new connections to that machine: they go to the other active ones; without any, to the newest other that did not
   * join; and without one, the port is given up at once.
   */
  | { readonly do: 'release'; readonly machine: string }
  /** Forgets the machine and ends its connections. */
  | { readonly do: 'remove'; readonly machine: string }
  /** Gives up the port, or takes it again; connections stay. */
  | { readonly do: 'listen'; readonly on: boolean };

export type ForwarderAnswer =
  | { readonly ok: true; readonly stat: ForwarderStat }
  | { readonly ok: false; readonly error: string };

/** Who may say what a published port leads to: one resource of one program. */
export interface PortOwner {
  readonly urn: string;
  /** Absolute folder of the program. */
  readonly project: string;
}

export interface ForwarderStat {
  readonly version: 1;
  readonly pid: number;
  readonly address: string;
  readonly port: number;
  readonly owner: PortOwner;
  readonly listening: boolean;
  /** Of several, the one that came last. */
  readonly active: string | null;
  /** In the order in which they came. */
  readonly machines: readonly {
    readonly machine: string;
    readonly port: number;
    readonly connections: number;
    /** Whether new connections go there. Missing where an older forwarder says it. */
    readonly isActive?: boolean;
  }[];
}

/** The forwarder's only argument, as JSON: also how others can see whose a port is. */
export interface ForwarderArgument {
  readonly version: 1;
  readonly address: string;
  readonly port: number;
  readonly owner: PortOwner;
}

/** The one line that a forwarder prints when it has started, or could not. */
export type ForwarderGreeting = { readonly listening: true } | { readonly listening: false; readonly code: string };

/** In the forwarder's folder, which is also its working directory. */
export const CONTROL_SOCKET = 'control.sock';
export const LOG_FILE = 'forwarder.log';
