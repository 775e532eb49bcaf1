import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

const STYLES = {
  added: 'green',
  removed: 'red',
  changed: 'yellow',
  heading: 'bold',
  alarming: 'red',
  faint: 'dim',
} as const;

export type Colour = keyof typeof STYLES;

/** Puts colours around texts for a stream: on a terminal, unless NO_COLOR or the like says otherwise. */
export function colours(stream: NodeJS.WriteStream): (colour: Colour, text: string) => string {
  return (colour, text) => styleText(STYLES[colour], text, { stream: stream as WriteStream });
}
