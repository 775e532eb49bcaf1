import type { Download } from '../oci/elsewhere.js';
import type { RegistryClient } from '../registry/client.js';
import { PATIENCE, type Patience, transfer } from '../transfer.js';
import { shownAddress } from '../transfer-failure.js';
import { type Exchange, requestPart } from '../transfer-request.js';
import { failureOf } from './fetch.js';

/** Gets blobs from addresses outside of all registries, over a client's connections and with none of its logins. */
export function downloadOver(client: () => Promise<RegistryClient>, patience: Patience = PATIENCE): Download {
  return async function* (url, { sizeBytes, offset, signal }) {
    const registries = await client();
    const exchange: Exchange = {
      send: (headers, within) => registries.askElsewhere(url, { headers, signal: within }),
      failureOf: (answer) => failureOf(url, answer),
    };
    const { stallMs } = patience;
    const part = (from: number) => requestPart(url, exchange, { from, sizeBytes, stallMs, signal });
    yield* transfer(part, { of: shownAddress(url), sizeBytes, offset, signal, patience });
  };
}
