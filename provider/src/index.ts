/** The engine behind the command and the Pulumi resources, for programs that want neither. */
export * from './model/index.js';
export * from './pipeline.js';
export { type Settings, settingsFrom } from './settings.js';
