import { type Container, HEALTH_DEFAULTS, RESTART_DEFAULTS } from '../model/spec.js';
import { type Complain, each } from './check-container.js';
import type { CONTAINER_SECTIONS } from './partial-spec.js';
import { type Path, quote } from './property.js';
import { suggestion } from './suggest.js';

type Section = (typeof CONTAINER_SECTIONS)[number];

/** The one section that an option makes sense in. */
const ONLY_IN = {
  restart: 'services',
  after: 'services',
  health: 'services',
  stop: 'services',
  optional: 'onboot',
} as const;

/** What one container's options for the guest have to be beyond their types. */
export function checkSupervision(
  container: Container,
  { path, section }: { path: Path; section: Section },
  complain: Complain,
): void {
  for (const [key, wanted] of Object.entries(ONLY_IN) as [keyof typeof ONLY_IN, Section][]) {
    if (container[key] === undefined || section === wanted) continue;
    complain([...path, key], `has no meaning in ${section}; wanted only in ${wanted}`, { code: 'conflict' });
  }
  checkRestart(container.restart, [...path, 'restart'], complain);
  checkHealth(container.health, [...path, 'health'], complain);
  checkTwice(container.secrets, [...path, 'secrets'], complain);
  checkTwice(container.after, [...path, 'after'], complain);
}

function checkRestart(restart: Container['restart'], path: Path, complain: Complain): void {
  if (restart === undefined) return;
  const first = restart.backoffSeconds ?? RESTART_DEFAULTS.backoffSeconds;
  const longest = restart.maxBackoffSeconds ?? RESTART_DEFAULTS.maxBackoffSeconds;
  if (first > longest) {
    const key = restart.backoffSeconds === undefined ? 'maxBackoffSeconds' : 'backoffSeconds';
    complain([...path, key], `makes the first wait (${first} s) longer than the longest (${longest} s)`);
  }
}

const WAYS = ['http', 'tcp', 'command'] as const;

function checkHealth(health: Container['health'], path: Path, complain: Complain): void {
  if (health === undefined) return;
  const [first, second] = WAYS.filter((way) => health[way] !== undefined);
  if (first === undefined) complain(path, `asks nothing; wanted one of ${WAYS.join(', ')}`, { code: 'missing' });
  if (second !== undefined) {
    complain([...path, second], `cannot stand beside ${first}; wanted only one of ${WAYS.join(', ')}`, {
      code: 'conflict',
    });
  }
  const interval = health.intervalSeconds ?? HEALTH_DEFAULTS.intervalSeconds;
  const timeout = health.timeoutSeconds ?? HEALTH_DEFAULTS.timeoutSeconds;
  if (health.timeoutSeconds !== undefined && timeout > interval) {
    complain([...path, 'timeoutSeconds'], `must not be longer than the interval (${interval} s), got ${timeout}`);
  }
}

function checkTwice(names: readonly string[] | undefined, path: Path, complain: Complain): void {
  const seen = new Set<string>();
  each(names, path, (name, at) => {
    if (seen.has(name)) complain(at, `is ${quote(name)} again; keep one of them`, { code: 'conflict' });
    seen.add(name);
  });
}

/** That services start after services that exist, and not after themselves, however far around. */
export function checkOrder(services: readonly Container[], complain: Complain): void {
  const names = services.map(({ name }) => name);
  const known = new Map<string, readonly string[]>(services.map(({ name, after = [] }) => [name, after]));
  each(services, ['services'], ({ name, after }, path) => {
    each(after, [...path, 'after'], (wanted, at) => {
      if (!known.has(wanted)) {
        complain(at, `must be the name of a service, got ${quote(wanted)}${suggestion(wanted, names)}`);
      }
    });
    const circle = circleFrom(name, known);
    if (circle === undefined) return;
    // Told once, at its first service in the order of the spec.
    const first = names.find((one) => circle.includes(one));
    if (first !== name) return;
    const words = [...circle, name].join(' after ');
    complain([...path, 'after'], `leads back to where it begins: ${words}; take one of them out`, { code: 'conflict' });
  });
}

/** The shortest way from a service along `after` back to itself; undefined where there is none. */
function circleFrom(name: string, known: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const pending = [name];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    for (const wanted of known.get(next) ?? []) {
      if (wanted === name) {
        const way = [next];
        for (let at = next; at !== name; way.unshift(at)) at = cameFrom.get(at) as string;
        return way;
      }
      if (cameFrom.has(wanted)) continue;
      cameFrom.set(wanted, next);
      pending.push(wanted);
    }
  }
  return undefined;
}
