import dns from 'node:dns';
import { beforeEach, vi } from 'vitest';

type Done = (error: NodeJS.ErrnoException) => void;

/**
 * No host has a name under `.invalid` (RFC 6761 section 6.4). Where there is no network it can take a resolver half a
 * minute to say so: here nobody is asked, in each test of the file.
 */
export function useInvalidNames(): void {
  const lookup = dns.lookup as (...asked: readonly unknown[]) => void;
  beforeEach(() => {
    const answer = (...asked: readonly unknown[]): void => {
      const [name, done] = [String(asked[0]), asked.at(-1) as Done];
      if (name.endsWith('.invalid')) {
        const what = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name };
        process.nextTick(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), what));
      } else lookup(...asked);
    };
    vi.spyOn(dns, 'lookup').mockImplementation(answer as never);
    return () => vi.mocked(dns.lookup).mockRestore();
  });
}
