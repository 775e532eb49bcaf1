import { z } from 'zod';
import { didYouMean, nearest } from '../../model/suggestion.js';
import type { RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import { readSmall } from './small-answer.js';
import { within } from './within.js';

const Tags = z.object({ tags: z.array(z.string()).nullish() });
/** As many as a registry gives at once; a suggestion is worth no second request. */
const PATH = 'tags/list?n=1000';
const MAX_BYTES = 2 ** 20;

export interface TagsOptions {
  readonly client: RegistryClient;
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly signal: AbortSignal;
  /** Longest wait for them. */
  readonly timeoutMs: number;
}

/** `; did you mean 3.20?` where a repository has tags like the one that it does not have; else nothing. */
export async function suggestTags(tag: string, options: TagsOptions): Promise<string> {
  const { client, endpoint, repository, timeoutMs } = options;
  const what = `the tags of ${repository}`;
  const limits = { timeoutMs, signal: options.signal, to: `fetch ${what}` };
  try {
    return await within(limits, async (signal) => {
      const asked = { repository, path: PATH, method: 'GET', headers: {}, what, signal } as const;
      const answer = await client.ask(endpoint, asked);
      const bytes = await readSmall(answer, { url: endpoint.root, maxBytes: MAX_BYTES, signal });
      const { tags } = Tags.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      return didYouMean(
        nearest(
          tag,
          (tags ?? []).filter((name) => /^[\w.-]{1,128}$/.test(name)),
        ),
      );
    });
  } catch {
    options.signal.throwIfAborted();
    return '';
  }
}
