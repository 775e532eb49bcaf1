import { didYouMean, nearest } from '../model/suggestion.js';

/** `; did you mean "image"?`, or nothing. One choice alone: keys and enums are few, and meant to be told apart. */
export function suggestion(word: string, choices: readonly string[]): string {
  return didYouMean(
    nearest(word, choices)
      .slice(0, 1)
      .map((choice) => JSON.stringify(choice)),
  );
}
