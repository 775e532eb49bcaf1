import { canonicalJson, type Json } from './digest.js';
import type { Lock, LockTimes } from './lock.js';
import type { Pin } from './pin.js';

/** What stands for Ingot's own init among references. */
const INIT = 'init';

type Pins = Pick<Lock, 'pins' | 'guest'>;

/** When packages were pinned: what is pinned as before keeps its time, where one is known. */
export function lockTimes(
  current: Pins,
  {
    previous,
    now,
  }: { readonly previous?: (Pins & { readonly lockedAt?: LockTimes | undefined }) | undefined; readonly now: Date },
): LockTimes {
  const text = now.toISOString().replace(/\.\d+/, '');
  const before = new Map(previous === undefined ? [] : pinsOf(previous));
  const times: [string, string][] = [];
  for (const [reference, pin] of pinsOf(current)) {
    if (pin.kind !== 'debian') continue;
    const old = before.get(reference);
    const isSame = old !== undefined && textOf(old) === textOf(pin);
    const time = isSame ? previous?.lockedAt?.[reference] : text;
    if (time !== undefined) times.push([reference, time]);
  }
  return Object.fromEntries(times.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function pinsOf({ pins, guest }: Pins): [string, Pin][] {
  return [...Object.entries(pins), ...(guest ? [[INIT, guest.pin] as [string, Pin]] : [])];
}

function textOf(pin: Pin): string {
  return canonicalJson(pin as unknown as Json);
}
