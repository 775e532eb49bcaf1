export * from './disk.js';
export * from './instance.js';
