/** What is done to a store as a whole, by people who look after it. */
export { type Pruned, prune } from './prune.js';
export { formatSize, limitOf, parseDuration, parseSize } from './size.js';
export { type Usage, usageOf } from './usage.js';
export { type Verified, verify } from './verify.js';
