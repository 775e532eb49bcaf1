/** A published port: an address of this host and a number. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
