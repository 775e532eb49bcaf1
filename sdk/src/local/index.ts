export * from './disk.js';
export * from './fleet.js';
export * from './image-file.js';
export { type Health, Instance, type InstanceArgs, type Port } from './instance.js';
