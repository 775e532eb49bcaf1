import type { ReadResult } from '@pulumi/pulumi/dynamic';
import type { MachineRecord } from '../pipeline.js';
import type { Properties } from './state.js';

/**
 * A machine as it is found. Where it is not as it was made, its inputs say how it is: a refresh shows that, and the next
 * update replaces the machine.
 * @param outputs those of the machine, by name
 */
export function foundMachine(record: MachineRecord, state: Properties, outputs: Properties): ReadResult {
  const drift = driftOf(record, state);
  const props = { ...state, ...outputs, ...drift };
  if (Object.keys(drift).length === 0) return { id: record.id, props };
  const inputs = Object.entries({ ...state, ...drift }).filter(([name]) => !Object.hasOwn(outputs, name));
  return { id: record.id, props, inputs: Object.fromEntries(inputs) };
}

/** Inputs that do not say what is there. */
function driftOf({ image, ports }: MachineRecord, state: Properties): Properties {
  const wanted = Array.isArray(state.ports) ? (state.ports as readonly { host: number; guest: number }[]) : [];
  const leads = ({ host, guest }: { host: number; guest: number }): boolean =>
    ports.some((port) => port.host === host && port.guest === guest);
  return {
    ...(image === state.imageDigest ? {} : { imageDigest: image }),
    ...(wanted.every(leads) ? {} : { ports: wanted.filter(leads) }),
  };
}
