import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../kernel/errors.ts';
import { createProxyChoice } from './proxy-choice.ts';

const none = { caFiles: [], httpProxy: null, httpsProxy: null, noProxy: '' };

test('each scheme has its proxy, with its credentials; the one for http stands in for the other', () => {
  const choose = createProxyChoice({
    ...none,
    httpProxy: 'plain.example:3128',
    httpsProxy: 'https://us%40er:p%3Aw@secure.example',
  });
  const plain = choose(new URL('http://a.example/'));
  assert.deepEqual(
    [plain?.host, plain?.port, plain?.secure, plain?.authorization],
    ['plain.example', 3128, false, null],
  );
  const secure = choose(new URL('https://a.example/'));
  assert.deepEqual([secure?.host, secure?.port, secure?.secure], ['secure.example', 443, true]);
  assert.equal(secure?.authorization, `Basic ${Buffer.from('us@er:p:w').toString('base64')}`);
  const one = createProxyChoice({ ...none, httpProxy: 'http://[::1]:3128' });
  assert.equal(one(new URL('https://a.example/'))?.host, '::1');
  assert.equal(createProxyChoice(none)(new URL('https://a.example/')), null);
});

test('this machine and what NO_PROXY names are reached directly, and nothing else', () => {
  const choose = createProxyChoice({
    ...none,
    httpProxy: 'http://proxy.example:3128',
    noProxy:
      'corp.example, .only-below.example *.star.example,10.0.0.0/8,192.168.1.1,gpu.example:8000,[fd00::1]:80,fd01::/16',
  });
  const direct = [
    ...['http://localhost:1/', 'http://a.localhost/', 'http://127.9.9.9/', 'https://[::1]/'],
    ...[
      'http://corp.example/',
      'https://a.corp.example./',
      'http://a.only-below.example/',
      'http://b.a.star.example',
    ],
    ...[
      'http://10.200.1.1/',
      'http://192.168.1.1:99/',
      'http://gpu.example:8000/',
      'http://[fd00::1]/',
      'http://[fd01::9]/',
    ],
  ];
  const proxied = [
    ...['http://example/', 'http://notcorp.example/', 'http://only-below.example/', 'http://star.example/'],
    ...[
      'http://11.0.0.1/',
      'http://192.168.1.2/',
      'http://gpu.example/',
      'https://[fd00::1]/',
      'http://localhost.example/',
    ],
  ];
  for (const url of direct) assert.equal(choose(new URL(url)), null, url);
  for (const url of proxied) assert.equal(choose(new URL(url))?.port, 3128, url);
  const all = createProxyChoice({ ...none, httpProxy: 'http://proxy.example:3128', noProxy: '*' });
  assert.equal(all(new URL('https://a.example/')), null);
});

test('a proxy that is none is told at the start, without its password', () => {
  for (const httpsProxy of [
    'socks5://user:secret@a.example',
    'http://user:secret@:80',
    'http://user:100%secret@a.example',
    'https://',
  ])
    assert.throws(
      () => createProxyChoice({ ...none, httpsProxy }),
      (error: unknown) =>
        error instanceof SamovarError &&
        error.code === 'setup.setting_invalid' &&
        error.message.includes('HTTPS_PROXY') &&
        !error.message.includes('secret'),
      httpsProxy,
    );
});
