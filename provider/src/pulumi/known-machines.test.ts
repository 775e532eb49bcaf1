import { expect, test } from 'vitest';
import { knownAtCreate, knownAtDelete, learnOf, learnOfCheck } from './known-machines.js';

test('what the state does not have, it knows no machine of', () => {
  learnOfCheck('new', {});
  expect(knownAtCreate('new')).toEqual([]);
  learnOf('new', 'vm-1');
  expect(knownAtDelete('new')).toEqual(['vm-1']);
});

test('what is replaced is known by what it is compared with, though check is asked again as for a new one', () => {
  learnOfCheck('old', { ports: [] });
  expect(knownAtCreate('old')).toBeUndefined();
  learnOf('old', 'vm-1');
  learnOfCheck('old', {});
  expect(knownAtCreate('old')).toEqual(['vm-1']);
});

test('of what is only deleted, nothing stays; of what is only checked, nobody can tell', () => {
  expect(knownAtDelete('gone')).toEqual([]);
  learnOfCheck('kept', { ports: [] });
  expect(knownAtDelete('kept')).toBeUndefined();
});
