/**
 * For createServer(): a connection that is kept ends with the test. With the usual limit of 5 s, one ends in the moment in
 * which it is used again, on a machine that stood still for as long.
 */
export const KEPT = { keepAliveTimeout: 0 } as const;
