import { OutputFiles } from './output-files.js';
import { writeStandardOutput } from './standard-output.js';

/** Writes a text to a file, or to the standard output where that is called `-`. */
export async function writeText(text: string, target: string): Promise<void> {
  if (target === '-') return writeStandardOutput(text);
  await using files = new OutputFiles();
  await files.add(target, async (file) => file.writeFile(text));
  await files.commit();
}
