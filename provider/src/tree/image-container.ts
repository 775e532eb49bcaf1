import { parse } from 'yaml';
import { Container, type ImageConfig, supervision } from '../model/index.js';
import { TreeError } from './error.js';
import { unique } from './mounts.js';

/** Where images say, in the words of the spec, how they want to be run (LinuxKit, docs/packages.md). */
export const LABEL = 'org.mobyproject.config';
/** The longest label of LinuxKit's own packages has 1.5 kB. */
const MAX_LABEL_LENGTH = 65_536;

/** What an image may say: all but who it is, and what the machine is to do for it or give it. */
const Label = Container.omit({ name: true, image: true, ...maskOf(supervision) });
type Label = Omit<Container, 'name' | 'image' | keyof typeof supervision>;

/** Fields whose empty text means "as the image has it". */
const EMPTY_IS_UNSET = new Set(['net', 'ipc', 'uts', 'pid', 'userns', 'cwd', 'hostname', 'cgroupsPath']);

/**
 * A container with what its image says where the spec says nothing, by LinuxKit's rules: the spec first, then the
 * image's label, then, for command, environment and working directory alone, the image's configuration. Lists replace
 * each other, except that `binds.add` and `capabilities.add` add to those of the label. The image's `User` has no say.
 * @throws {TreeError} `bad-label`.
 */
export function withImage(container: Container, image: ImageConfig | undefined, property: string): Container {
  if (image === undefined) return container;
  const label = labelOf(image, { reference: container.image, property });
  const said = Object.entries(container).filter(
    ([key, value]) => value !== undefined && !(value === '' && EMPTY_IS_UNSET.has(key)),
  );
  const merged: Container = { ...label, ...(Object.fromEntries(said) as unknown as Container) };
  const { 'binds.add': _binds, 'capabilities.add': _capabilities, ...rest } = merged;
  const binds = container.binds ?? joined(label.binds, container['binds.add']);
  const capabilities = container.capabilities ?? joined(label.capabilities, container['capabilities.add']);
  const runtime = mergedRuntime(label.runtime, container.runtime);
  return {
    ...rest,
    command: merged.command ?? [...image.entrypoint, ...image.command],
    env: merged.env ?? [...image.env],
    cwd: merged.cwd || image.workingDirectory || '/',
    ...(binds === undefined ? {} : { binds }),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

function labelOf(
  image: ImageConfig,
  { reference, property }: { readonly reference: string; readonly property: string },
): Label {
  const text = image.labels[LABEL] ?? '';
  if (text === '') return {};
  const refuse = (what: string): never => {
    throw new TreeError(
      'bad-label',
      `Cannot run ${reference}: its label ${LABEL} ${what}; use an image with a label as in LinuxKit's packages`,
      { property: `${property}.image` },
    );
  };
  if (text.length > MAX_LABEL_LENGTH) refuse(`has ${text.length} characters; at most ${MAX_LABEL_LENGTH}`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    refuse(`is neither JSON nor YAML (${error instanceof Error ? error.message.split('\n')[0] : error})`);
  }
  const result = Label.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  return refuse(`is not one (${where}${issue?.message})`);
}

/** The list of a label with what is added to it. `all` and `none` stand for all capabilities, or none. */
function joined(label: readonly string[] | undefined, added: readonly string[] | undefined): string[] | undefined {
  if (label === undefined && added === undefined) return undefined;
  const lists = [label ?? [], added ?? []].filter((list) => list.length > 0);
  const all = lists.find((list) => list.length === 1 && list[0]?.toLowerCase() === 'all');
  if (all !== undefined) return [...all];
  const some = lists.filter((list) => !(list.length === 1 && list[0]?.toLowerCase() === 'none'));
  return [...unique((some.length === 0 ? lists : some).flat())];
}

/** Member by member, and of `bindNS` too. */
function mergedRuntime(label: Container['runtime'], own: Container['runtime']): Container['runtime'] {
  if (label === undefined || own === undefined) return own ?? label;
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...label, ...said, bindNS: { ...label.bindNS, ...own.bindNS } };
}

function maskOf<K extends string>(shape: Readonly<Record<K, unknown>>): { [P in K]: true } {
  return Object.fromEntries(Object.keys(shape).map((key) => [key, true])) as { [P in K]: true };
}
