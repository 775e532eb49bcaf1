/** Whether a URL's host name is this machine's, and not one that somebody answers for. */
export declare function isLoopback(hostname: string): boolean;
