import { Kernel, Spec } from '../model/spec.js';
import { checkNames, checkSource, checkWhole } from './check.js';
import type { Complain } from './check-container.js';
import { SpecError, type SpecProblem } from './error.js';
import { faultsOf, withoutEchoes } from './issue.js';
import { type Located, spanOf } from './located.js';
import { merge } from './merge.js';
import { locateObject } from './object.js';
import { originOf, pathOf } from './origin.js';
import type { PartialSpec } from './partial-spec.js';
import { type Findings, MAX_FINDINGS, newFindings, problemsOf } from './problem.js';
import { nameOf, type Path, propertyOf } from './property.js';
import { relocate } from './relocate.js';
import { soundParts } from './sound.js';
import { locateYaml } from './yaml.js';

/** Something to parse. `name` is shown in errors: a path as the user wrote it, `<standard input>`, or `spec`. */
export type SpecSource = {
  readonly name: string;
  /** The folder that the paths in the source are relative to, with `/` between its parts; `''` changes none. */
  readonly directory?: string;
} & ({ readonly text: string } | { readonly object: unknown });

/** Where in the sources something is: what a problem says beside its message. */
export type Place = Pick<SpecProblem, 'path' | 'line' | 'column' | 'excerpt'>;

/** A spec that still knows where its parts were written. */
export interface ParsedSpec {
  readonly spec: Spec;
  /**
   * The place of a property of the spec, such as `files[3].source`, or of what is nearest around it; with it a
   * `SpecError` can be made of what is found out later, as that a file is missing. Nothing for what is no property.
   */
  placeOf(property: string): Place | undefined;
}

/** One source may lack the kernel's image: `[base.yml, debug.yml]` where the second only changes the command line. */
const SourceSpec = Spec.extend({ kernel: Kernel.partial({ image: true }).optional() });

/**
 * Parses and validates sources, and merges them in their order as LinuxKit does (see `merge`). Nothing is defaulted, and
 * nothing is read from anywhere.
 * @throws {SpecError} with every problem of every source.
 */
export function parseSpec(sources: readonly SpecSource[]): Spec {
  return parseSources(sources).spec;
}

/** The same as `parseSpec`, with the places of what was written. */
export function parseSources(sources: readonly SpecSource[]): ParsedSpec {
  const read = sources.map(readSource);
  const merged = read.map(({ spec }) => spec).reduce(merge, {});
  const complain = complainAbout(read);
  if (read.every(({ root }) => root !== undefined)) checkWhole(merged, complain);
  // Where a container is refused its name is not known, and what refers to it would be refused for nothing.
  if (read.every(({ findings }) => findings.found.length === 0)) checkNames(merged, complain);

  const [first, ...others] = read.flatMap((source) => problemsOf(source.findings.found, source));
  if (first !== undefined) throw new SpecError([first, ...others]);
  return { spec: merged as Spec, placeOf: (property) => placeOf(property, read) };
}

interface ReadSource {
  readonly name: string;
  readonly text: string | undefined;
  /** Nothing where the source could not be read as data. */
  readonly root: Located | undefined;
  /** What is sound of it: all, where there are no findings. */
  readonly spec: PartialSpec;
  readonly findings: Findings;
}

function readSource(source: SpecSource): ReadSource {
  const { name } = source;
  // A byte order mark is no part of the first line.
  const text = 'text' in source ? source.text.replace(/^\ufeff/, '') : undefined;
  const findings = newFindings();
  const root =
    'object' in source ? locateObject(source.object, findings.report) : locateYaml(text as string, findings.report);
  const isEmpty = root?.value === undefined || root.value === null;
  if (root === undefined || isEmpty) {
    if (findings.found.length === 0) {
      findings.report({ code: 'missing', path: [], message: 'the spec is empty; wanted a map' });
    }
    return { name, text, root, spec: {}, findings };
  }

  const result = SourceSpec.safeParse(root.value);
  let spec = result.data as PartialSpec;
  if (!result.success) {
    const { issues } = result.error;
    const faults = faultsOf(issues.slice(0, MAX_FINDINGS), SourceSpec, root);
    for (const fault of withoutEchoes(faults)) findings.reportUnlessTold(fault);
    // With so much wrong, what is sound is not worth looking for.
    spec = issues.length > MAX_FINDINGS ? {} : (soundParts(root.value, faults, SourceSpec) as PartialSpec);
  }
  const read = { name, text, root, spec: relocate(spec, source.directory ?? ''), findings };
  checkSource(spec, complainAbout([read]));
  return read;
}

/** Turns complaints about the merged spec into findings in the source that the words are in. */
function complainAbout(read: readonly ReadSource[]): Complain {
  return (path, message, { code = 'invalid-value', earlier } = {}) => {
    const [origin, source] = originIn(path, read);
    let sentence = `${nameOf(origin)} ${message}`;
    if (earlier !== undefined) {
      const [first, firstSource] = originIn(earlier, read);
      sentence += `; the first is ${propertyOf(first)}${firstSource === source ? '' : ` of ${firstSource.name}`}`;
    }
    const span = source.root && spanOf(source.root, origin);
    source.findings.reportUnlessTold({ code, path: origin, message: sentence, span });
  };
}

function placeOf(property: string, read: readonly ReadSource[]): Place | undefined {
  const path = pathOf(property);
  if (path === undefined || read.length === 0) return undefined;
  const [origin, source] = originIn(path, read);
  const span = source.root && spanOf(source.root, origin);
  const [problem] = problemsOf([{ code: 'invalid-value', path: origin, message: '', span }], source);
  const { code, property: _, message, ...place } = problem as SpecProblem;
  return place;
}

function originIn(path: Path, read: readonly ReadSource[]): [Path, ReadSource] {
  const origin = originOf(
    path,
    read.map(({ root }) => root),
  );
  return [origin.path, read[origin.source] as ReadSource];
}
