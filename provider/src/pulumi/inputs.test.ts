import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { misnamedOf, misnamedWithin, parseInputs } from './inputs.js';
import { failuresOfIssues } from './problems.js';
import { UNKNOWN } from './unknown.js';

const Inputs = z.looseObject({
  budget: z.strictObject({ packages: z.int().optional(), rootSizeBytes: z.int().optional() }).optional(),
  probes: z.array(z.strictObject({ http: z.strictObject({ port: z.int(), path: z.string().optional() }) })).optional(),
});

describe('parseInputs()', () => {
  test.each([
    [{ budget: { packges: 3 } }, 'budget', 'there is no "packges"; did you mean packages?'],
    [{ probes: [{ http: { port: 80, pth: '/' } }] }, 'probes', '[0].http: there is no "pth"; did you mean path?'],
    [{ budget: { moon: 1 } }, 'budget', 'there is no "moon"; there are packages, rootSizeBytes'],
  ])('names what there is instead, in %j', (news, property, reason) => {
    const { error } = parseInputs(Inputs, news);
    expect(failuresOfIssues(error as z.ZodError)).toEqual([{ property, reason }]);
  });
});

describe('misnamedWithin()', () => {
  test('finds names beside values that are not known yet, and nothing else', () => {
    const probes = [{ http: { port: UNKNOWN, paht: '/' } }, UNKNOWN];
    expect(misnamedWithin(Inputs, { probes, budget: UNKNOWN })).toEqual([
      { property: 'probes', reason: '[0].http: there is no "paht"; did you mean path?' },
    ]);
    expect(misnamedWithin(Inputs, { probes: UNKNOWN, other: 1 })).toEqual([]);
  });
});

describe('misnamedOf()', () => {
  test('takes the names that the SDK has found', () => {
    const __misnamed = { names: ['spce', 'x'], known: ['spec', 'pins'] };
    expect(misnamedOf({ __misnamed })).toEqual([
      { property: '', reason: 'there is no argument "spce"; did you mean spec?' },
      { property: '', reason: 'there is no argument "x"; there are spec, pins' },
    ]);
    expect(misnamedOf({})).toEqual([]);
  });
});
