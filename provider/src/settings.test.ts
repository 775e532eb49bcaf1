import { expect, test } from 'vitest';
import { settingsFrom } from './settings.js';

test('settingsFrom() follows the XDG folders, and Ingot’s own variables before them', () => {
  expect(settingsFrom({ XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s' })).toMatchObject({
    cacheDirectory: '/c/ingot',
    stateDirectory: '/s/ingot',
    mirrors: {},
    offline: false,
  });
  expect(settingsFrom({ XDG_CACHE_HOME: '/c', INGOT_CACHE: '/own', INGOT_OFFLINE: '1' })).toMatchObject({
    cacheDirectory: '/own',
    offline: true,
  });
});

test('settingsFrom() reads how registries are reached', () => {
  const environment = {
    INGOT_REGISTRY_MIRRORS: 'docker.io=https://a.example, https://b.example',
    INGOT_REGISTRY_INSECURE: 'registry.example:5000',
    INGOT_REGISTRY_CA: '/ca.pem',
  };
  expect(settingsFrom(environment).registries).toEqual({
    mirrors: ['docker.io=https://a.example', 'https://b.example'],
    insecure: ['registry.example:5000'],
    caFile: '/ca.pem',
    environment,
  });
  expect(settingsFrom({}).registries).toEqual({ mirrors: [], insecure: [], environment: {} });
});

test('settingsFrom() lets configuration win over the environment', () => {
  const environment = { INGOT_DEBIAN_MIRROR: 'http://a.example/debian' };
  expect(settingsFrom(environment).mirrors).toEqual({ main: 'http://a.example/debian' });
  expect(settingsFrom(environment, { debianMirror: 'http://b.example/debian' }).mirrors).toEqual({
    main: 'http://b.example/debian',
  });
});

test('settingsFrom() reads what the cache may take, and what lies under it', () => {
  expect(settingsFrom({ INGOT_CACHE_MAX_SIZE: '5GB', INGOT_CACHE_SHARED: '/a::b' })).toMatchObject({
    cacheMaxSize: '5GB',
    sharedCaches: ['/a', 'b'],
  });
  expect(settingsFrom({})).toMatchObject({ sharedCaches: [] });
  expect(settingsFrom({}).cacheMaxSize).toBeUndefined();
});
