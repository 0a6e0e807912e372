import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { servedModel } from '../../../../test/gateway.ts';
import { testPrincipal } from '../../../../test/test-principal.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { plainAlias } from '../aliases/served-alias.ts';
import type { ModelPolicy } from './model-policy.ts';
import type { ModelScheme } from './parse-model-uri.ts';
import { resolveModelUri } from './resolve-model-uri.ts';

const { projectId } = defaultScope;
const key = (name: string) => `${projectId}/${name}`;
const chat = servedModel('m', 'v1', 'chat');
const candidate = servedModel('m2', 'v2', 'chat');
const embedding = servedModel('e', 'v3', 'embedding');

const policy: ModelPolicy = {
  models: {
    models: new Map([
      [key('m'), chat],
      [key('m2'), candidate],
      [key('e'), embedding],
      [`another/secret`, chat],
    ]),
    versions: new Map(),
    aliases: new Map([
      [key('m/rc'), plainAlias('m/rc', candidate)],
      [key('m@tuned'), plainAlias('m@tuned', candidate)],
      [key('text-search-doc'), plainAlias('text-search-doc', embedding)],
    ]),
    pending: new Map([[key('slow'), { state: 'registered' }]]),
    archived: new Map(),
    deprecated: new Map(),
  },
  projectNames: new Map([[projectId, 'default']]),
};

function resolve(uri: string, scheme: ModelScheme = 'gpt', headers: Record<string, string> = {}) {
  return resolveModelUri(
    { text: uri, scheme, field: 'modelUri' },
    { principal: testPrincipal('key'), headers },
    policy,
  );
}

function refusal(uri: string, scheme: ModelScheme = 'gpt', headers: Record<string, string> = {}): string {
  try {
    resolve(uri, scheme, headers);
  } catch (thrown) {
    assert.ok(thrown instanceof SamovarError);
    return thrown.code;
  }
  return assert.fail(`${uri} was taken`);
}

describe('a model URI', () => {
  test('means a model or an alias of the project, whatever way the folder is written', () => {
    for (const folder of ['0', '', 'default', projectId, projectId.toUpperCase()])
      assert.equal(resolve(`gpt://${folder}/m/latest`).served, chat, folder);
    assert.equal(resolve('gpt://0/m').served, chat);
    assert.equal(resolve('gpt://0/m/').served, chat);
    assert.equal(resolve('emb://0/text-search-doc/latest', 'emb').served, embedding);
  });

  test('names branches and tuned versions where the registry has such names', () => {
    assert.equal(resolve('gpt://0/m/rc').served, candidate);
    assert.equal(resolve('gpt://0/m/latest@tuned').served, candidate);
    assert.equal(resolve('gpt://0/m@tuned').served, candidate);
    assert.equal(refusal('gpt://0/m/deprecated'), 'model.not_found');
    assert.equal(refusal('gpt://0/m/rc@tuned'), 'model.not_found');
    assert.equal(refusal('gpt://0/m/latest@other'), 'model.not_found');
  });

  test('of a model that is not ready is left to the data path, which says what is in the way', () => {
    assert.deepEqual(resolve('gpt://0/slow/latest'), { name: 'slow', served: null });
  });

  test('must have a scheme that fits what is asked', () => {
    assert.equal(refusal('emb://0/e', 'gpt'), 'request.model_uri_invalid');
    assert.equal(refusal('gpt://0/e', 'gpt'), 'model.wrong_task');
    assert.equal(refusal('emb://0/m', 'emb'), 'model.wrong_task');
    assert.equal(resolve('cls://0/m', 'cls').served, chat);
    assert.equal(resolve('cls://0/e', 'cls').served, embedding);
  });

  test('that is none is refused as one', () => {
    const wrong = [
      '',
      'm',
      'gpt:/0/m',
      'gpt://',
      'gpt://0',
      'gpt://0/',
      'gpt://0/m/latest/more',
      'GPT://0/m',
    ];
    for (const uri of [
      ...wrong,
      'gpt://0/@tuned',
      'gpt://0/m@',
      'gpt://0/m@a@b',
      `gpt://0/${'m'.repeat(600)}`,
    ])
      assert.equal(refusal(uri), 'request.model_uri_invalid', uri);
  });

  test('of another folder is refused, also when the header names one', () => {
    assert.equal(refusal('gpt://another/m'), 'request.folder_mismatch');
    assert.equal(refusal('gpt://0/m', 'gpt', { 'x-folder-id': 'another' }), 'request.folder_mismatch');
    assert.equal(resolve('gpt://0/m', 'gpt', { 'x-folder-id': 'default' }).served, chat);
  });

  test('finds nothing of another project', () => {
    assert.equal(refusal('gpt://0/secret'), 'model.not_found');
    assert.equal(refusal('gpt://0/nope'), 'model.not_found');
  });
});
