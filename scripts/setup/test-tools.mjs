import { crane } from './crane.mjs';
import { spdxTools } from './spdx-tools.mjs';
import { tools } from './tools.mjs';

/** All that the tests ask for a second opinion. */
export async function testTools() {
  await tools('test');
  await spdxTools();
  await crane();
}
