import { shortDigest } from '../model/index.js';
import type { Change, ChangeArea } from './diff.js';
import { type ChangeGroup, groupChanges } from './diff-folders.js';
import { countFiles, type ImageDiff, isTimeAlone } from './image-diff.js';
import { printable } from './printable.js';
import { readableSize } from './readable-size.js';
import { type EntryAspect, type EntryChange, type EntryState, isSetuid } from './tree-diff.js';

/** A difference, ready to be shown, as text or as a page. All texts are printable. */
export interface DiffLines {
  readonly title: string;
  readonly digests: string;
  /** Only those that have lines, or a count. */
  readonly sections: readonly DiffSection[];
}

export interface DiffSection {
  readonly heading: string;
  /** `1 added, 2 changed`. */
  readonly counts: string;
  readonly lines: readonly DiffLine[];
  /** Lines that were left out. */
  readonly omitted: number;
}

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly name: string;
  readonly text: string;
  /** Something to look at twice: a file that now runs as its owner. */
  readonly alarming: boolean;
}

const HEADINGS: readonly (readonly [ChangeArea, string])[] = [
  ['package', 'packages'],
  ['script', 'scripts not run'],
  ['image', 'images'],
  ['service', 'services'],
  ['kernel', 'kernel'],
  ['user', 'users'],
  ['setuid', 'setuid'],
  ['capability', 'file capabilities'],
  ['port', 'ports'],
  ['size', 'size'],
  ['runtime', 'runtime'],
];

/** @param options.maxFiles how many files are told one by one; with more, folders that came or went are told as one, and
 * those whose time alone differs not at all. */
export function diffLines(diff: ImageDiff, options: { readonly maxFiles: number }): DiffLines {
  const { before, after, changes, files } = diff;
  const sections = HEADINGS.map(([area, heading]): DiffSection => {
    const own = changes.filter((change) => change.area === area);
    return { heading, counts: countsOf(own), lines: own.map(lineOfChange), omitted: 0 };
  });
  const at = sections.findIndex(({ heading }) => heading === 'size');
  sections.splice(at, 0, filesSection(files, options.maxFiles));
  return {
    title: `${printable(before.name)} => ${printable(after.name)}`,
    digests: [before, after].map(({ digest }) => `sha256:${shortDigest(digest)}`).join(' => '),
    sections: sections.filter(({ counts }) => counts !== ''),
  };
}

function countsOf(changes: readonly Pick<Change, 'kind'>[]): string {
  const kinds = (['added', 'removed', 'changed'] as const).map(
    (kind) => [changes.filter((change) => change.kind === kind).length, kind] as const,
  );
  return kinds.flatMap(([count, kind]) => (count === 0 ? [] : [`${count} ${kind}`])).join(', ');
}

function lineOfChange({ area, name, kind, before, after }: Change): DiffLine {
  const values = [before, after].filter((value) => value !== undefined && value !== '');
  const isBytes = area === 'size' && name === 'rootBytes';
  const text = isBytes ? sizeChange(Number(before), Number(after)) : values.join(' => ');
  const alarming = (area === 'setuid' || area === 'capability') && kind === 'added';
  return { kind, name: isBytes ? 'root' : printable(name), text: printable(text), alarming };
}

function sizeChange(before: number, after: number): string {
  const sign = after < before ? '−' : '+';
  return `${readableSize(before)} => ${readableSize(after)} (${sign}${readableSize(Math.abs(after - before))})`;
}

/** Where not all are told, folders that came or went are, as one, and of the rest what matters most. */
function filesSection(files: readonly EntryChange[], maxFiles: number): DiffSection {
  const { aspects } = countFiles(files);
  const inDetail = [...aspects].map(([aspect, count]) => `${WORDS[aspect]} ${count}`).join(', ');
  const counts = countsOf(files) + (inDetail === '' ? '' : ` (${inDetail})`);
  if (files.length <= maxFiles) return { heading: 'files', counts, lines: files.map(lineOfFile), omitted: 0 };
  const groups = groupChanges(files.filter((file) => !isTimeAlone(file)));
  const shown = new Set([...groups].sort((a, b) => rankOf(a) - rankOf(b)).slice(0, maxFiles));
  const told = groups.filter((group) => shown.has(group));
  const omitted = files.length - told.reduce((sum, { changes }) => sum + changes.length, 0);
  return { heading: 'files', counts, lines: told.map(lineOfGroup), omitted };
}

/** What runs as its owner first, then what was there before. */
function rankOf({ kind, changes }: ChangeGroup): number {
  if (changes.some(({ before, after }) => isSetuid(after) && !isSetuid(before))) return 0;
  return { changed: 1, removed: 2, added: 3 }[kind];
}

function lineOfGroup({ path, kind, changes }: ChangeGroup): DiffLine {
  const [only, ...inside] = changes;
  if (inside.length === 0) return lineOfFile(only);
  const states = inside.flatMap(({ before, after }) => before ?? after ?? []);
  const files = states.filter(({ type }) => type !== 'directory').length;
  const sizeBytes = states.reduce((sum, state) => sum + (state.sizeBytes ?? 0), 0);
  const alarming = inside.some(({ after }) => isSetuid(after));
  const text = `folder with ${files === 1 ? '1 file' : `${files} files`}, ${readableSize(sizeBytes)}`;
  return { kind, name: `${printable(path)}/`, text: alarming ? `${text}, setuid` : text, alarming };
}

const WORDS: Readonly<Record<EntryAspect, string>> = {
  type: 'type',
  content: 'content',
  mode: 'mode',
  setuid: 'setuid',
  owner: 'owner',
  link: 'target',
  device: 'device',
  xattrs: 'xattrs',
  names: 'hard links',
  time: 'time',
};

function lineOfFile({ path, kind, aspects, before, after }: EntryChange): DiffLine {
  const alarming = isSetuid(after) && !isSetuid(before);
  const name = printable(path);
  if (before === undefined || after === undefined) {
    const state = before ?? after;
    return { kind, name, text: state === undefined ? '' : printable(textOf(state)), alarming };
  }
  const texts = aspects.map((aspect) => `${WORDS[aspect]}${aspectText(aspect, before, after)}`);
  return { kind, name, text: printable(texts.join(', ')), alarming };
}

function textOf(state: EntryState): string {
  const { type, mode, uid, gid, sizeBytes, link, device, xattrs } = state;
  if (type === 'symlink') return `link to ${link}`;
  const parts = [type, mode];
  if (uid !== 0 || gid !== 0) parts.push(`${uid}:${gid}`);
  if (sizeBytes !== undefined) parts.push(readableSize(sizeBytes));
  if (device !== undefined) parts.push(`${device.major}:${device.minor}`);
  if (xattrs !== undefined) parts.push(Object.keys(xattrs).join(' '));
  if (isSetuid(state)) parts.push('setuid');
  return parts.join(' ');
}

function aspectText(aspect: EntryAspect, before: EntryState, after: EntryState): string {
  switch (aspect) {
    case 'content': {
      const [old, now] = [before.sizeBytes ?? 0, after.sizeBytes ?? 0];
      return old === now ? ` (${readableSize(now)})` : ` ${readableSize(old)} => ${readableSize(now)}`;
    }
    case 'type':
      return ` ${textOf(before)} => ${textOf(after)}`;
    case 'mode':
      return ` ${before.mode} => ${after.mode}`;
    case 'owner':
      return ` ${before.uid}:${before.gid} => ${after.uid}:${after.gid}`;
    case 'link':
      return ` ${before.link} => ${after.link}`;
    case 'device':
      return ` ${before.device?.major}:${before.device?.minor} => ${after.device?.major}:${after.device?.minor}`;
    case 'xattrs': {
      const names = new Set([...Object.keys(before.xattrs ?? {}), ...Object.keys(after.xattrs ?? {})]);
      const differing = [...names].filter((name) => before.xattrs?.[name] !== after.xattrs?.[name]);
      return ` ${differing.sort().join(' ')}`;
    }
    case 'setuid':
      return isSetuid(after) ? ' now' : ' no more';
    case 'names':
    case 'time':
      return '';
  }
}
