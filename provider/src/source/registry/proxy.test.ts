import { describe, expect, test } from 'vitest';
import { proxyFor } from './proxy.js';

const HTTP_PROXY = 'http://p.example:3128';
const HTTPS_PROXY = 'http://s.example:3128';
const both = { HTTP_PROXY, HTTPS_PROXY };

describe('proxyFor()', () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['https://r.example/', {}, undefined],
    ['https://r.example/', both, HTTPS_PROXY],
    ['http://r.example/', both, HTTP_PROXY],
    ['https://r.example/', { HTTP_PROXY }, undefined],
    ['https://r.example/', { https_proxy: 's.example:1' }, 'http://s.example:1'],
    ['https://r.example/', { ...both, https_proxy: 'http://lower.example' }, 'http://lower.example'],
    ['https://r.example/', { HTTPS_PROXY: '' }, undefined],
    ['http://localhost:5000/', both, undefined],
    ['http://127.0.0.1:5000/', both, undefined],
    ['http://[::1]:5000/', both, undefined],
  ])('for %s with %j is %s', (url, environment, wanted) => {
    expect(proxyFor(new URL(url), environment)).toBe(wanted);
  });

  test.each<[string, string, boolean]>([
    ['https://r.example/', '*', false],
    ['https://r.example/', 'r.example', false],
    ['https://r.example/', 'R.EXAMPLE', false],
    ['https://a.r.example/', 'r.example', false],
    ['https://a.r.example/', '.r.example', false],
    ['https://a.r.example/', '*.r.example', false],
    ['https://ar.example/', 'r.example', true],
    ['https://r.example/', 'a.example, b.example r.example', false],
    ['https://r.example/', 'r.example:443', false],
    ['https://r.example:5000/', 'r.example:443', true],
    ['https://10.1.2.3/', '10.0.0.0/8', false],
    ['https://11.1.2.3/', '10.0.0.0/8', true],
    ['https://10.1.2.3/', '10.1.2.3', false],
    ['https://10.1.2.3/', '2.3', true],
    ['https://10.1.2.3/', '10.0.0.0/99', true],
    ['https://[2001:db8::1]/', '2001:db8::/32', false],
    ['https://[2001:db8::1]/', '2001:db8::1', false],
    ['https://[2001:db8::1]:5/', '[2001:db8::1]:6', true],
    ['https://r.example/', '10.0.0.0/8,,', true],
  ])('for %s without %s: %s', (url, NO_PROXY, wanted) => {
    expect(proxyFor(new URL(url), { ...both, NO_PROXY }) !== undefined).toBe(wanted);
  });
});
