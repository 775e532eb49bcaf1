export * from './disk.js';
export * from './image-file.js';
export * from './instance.js';
