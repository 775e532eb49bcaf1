import type { DebianPin } from '../../provider/src/model/pin.js';
import { decodeLock, encodeLock } from '../../provider/src/pulumi/lock-text.js';
import { thousandPackages } from '../../provider/src/pulumi/thousand-packages.fixture.js';

type Properties = Readonly<Record<string, unknown>>;

/** The state of an image as it would be if a reference of it stood for a thousand packages, and all others for none. */
export function stateOfThousand<State extends { readonly inputs: Properties; readonly outputs: Properties }>(
  state: State,
): State {
  const pin = thousandPackages();
  const [inputs, outputs] = [state.inputs, state.outputs].map((properties) => withPackages(properties, pin));
  return { ...state, inputs, outputs };
}

function withPackages(properties: Properties, pin: DebianPin): Properties {
  if (properties.__lock === undefined) return properties;
  const image = decodeLock(properties.__lock);
  const pins = Object.keys(image.lock.pins).map((reference, index) => [
    reference,
    index === 0 ? pin : { ...pin, packages: [] },
  ]);
  const packages = Object.fromEntries(pin.packages.map(({ name, version }) => [name, version]));
  return {
    ...properties,
    __lock: encodeLock({ ...image, lock: { ...image.lock, pins: Object.fromEntries(pins) } }),
    contents: { ...(properties.contents as Properties), packages },
  };
}
