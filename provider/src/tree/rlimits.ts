import { RLIMITS } from '../model/spec.js';
import { TreeError } from './error.js';

const LIMITS = new Set<string>(RLIMITS);

/** RLIM_INFINITY, which is also the largest value of the field. */
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** One limit, members in the order of the runtime spec's Go type. */
export interface OciRlimit {
  readonly type: string;
  readonly hard: bigint;
  readonly soft: bigint;
}

/** Parses `name,soft,hard`: `nofile,1024,unlimited`. */
export function parseRlimit(text: string, property: string): OciRlimit {
  const parts = text.split(',').map((part) => part.trim());
  const upper = (parts[0] ?? '').toUpperCase();
  const type = upper.startsWith('RLIMIT_') ? upper : `RLIMIT_${upper}`;
  const soft = parseAmount(parts[1]);
  const hard = parseAmount(parts[2]);
  if (parts.length !== 3 || !LIMITS.has(type) || soft === undefined || hard === undefined) {
    throw new TreeError(
      'bad-container',
      `Cannot set the limit ${JSON.stringify(text)}: wanted \`name,soft,hard\`, each a number or \`unlimited\`, for one of ${[...LIMITS].map((name) => name.slice(7).toLowerCase()).join(', ')}`,
      { property, got: text },
    );
  }
  return { type, hard, soft };
}

function parseAmount(text: string | undefined): bigint | undefined {
  if (text?.toLowerCase() === 'unlimited') return UNLIMITED;
  if (text === undefined || !/^[0-9]{1,20}$/.test(text)) return undefined;
  const amount = BigInt(text);
  return amount <= UNLIMITED ? amount : undefined;
}
