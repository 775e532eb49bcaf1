import { open } from 'node:fs/promises';

/** What of a console's end is looked at. */
const TAIL_BYTES = 64 * 1024;
const MAX_LINE_CHARACTERS = 300;

/**
 * ECMA-48: control sequences (section 5.4), command strings such as a window's title (5.6), and the other escapes.
 * A machine must not be able to write to the terminal of whoever reads an error.
 */
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;
/** Also what makes text look like other text: bidirectional controls and invisible characters. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** One line as it would look on a terminal, without anything that could control the terminal. */
export function plainLine(line: string): string {
  const shown = line.replace(ESCAPES, '').replace(/\r+$/, '');
  // After a carriage return the line is written over.
  const last = shown.slice(shown.lastIndexOf('\r') + 1);
  const plain = last.replace(/\t/g, '  ').replace(CONTROLS, '').trimEnd();
  return plain.length > MAX_LINE_CHARACTERS ? `${plain.slice(0, MAX_LINE_CHARACTERS)}…` : plain;
}

/** After this a kernel prints its registers and its stack: what led there stands before. */
const LAST_WORD = /Kernel panic - not syncing/;

/** The last lines of a text that are not empty, oldest first; after a panic, those up to it. */
export function lastLines(text: string, count: number): string[] {
  const lines = text
    .split('\n')
    .map(plainLine)
    .filter((line) => line !== '');
  const panic = lines.findIndex((line) => LAST_WORD.test(line));
  return lines.slice(0, panic < 0 ? lines.length : panic + 1).slice(-count);
}

/** The last lines of a file; none if it cannot be read. However large it is, only its end is read. */
export async function lastLinesOf(path: string, count: number): Promise<string[]> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    // The first line is most likely only the end of one.
    return lastLines(start === 0 ? text : text.slice(text.indexOf('\n') + 1), count);
  } catch {
    return [];
  }
}

/** Of a console's start. */
const SEARCHED_BYTES = 16 * 1024 * 1024;

/** Whether a text is in a console's file, as far as it is written now; false if the file cannot be read. */
export async function consoleHas(path: string, text: string): Promise<boolean> {
  const wanted = Buffer.from(text);
  let kept = Buffer.alloc(0);
  try {
    await using file = await open(path);
    for await (const chunk of file.createReadStream({ end: SEARCHED_BYTES - 1, autoClose: false })) {
      const searched = Buffer.concat([kept, chunk as Buffer]);
      if (searched.includes(wanted)) return true;
      kept = searched.subarray(Math.max(0, searched.length - wanted.length + 1));
    }
  } catch {
    return false;
  }
  return false;
}
