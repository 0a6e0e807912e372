import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsAcceptance, plainLicense, restrictsUse } from './license-names.ts';

test('terms of use are asked for by the name of the licence, notices are not', () => {
  for (const id of [
    'llama2',
    'llama3.1',
    'Llama3.2',
    'gemma',
    'qwen',
    'qwen-research',
    'tongyi-qianwen',
    'Tongyi Qianwen LICENSE AGREEMENT',
    'META LLAMA 3 COMMUNITY LICENSE',
    'Llama 3.1 Community License',
    'The Meta Llama 3 licence',
    'MIT, llama3',
  ])
    assert.equal(needsAcceptance(id), true, id);
  for (const id of [
    'apache-2.0',
    'MIT',
    'bsd-3-clause',
    'cc-by-4.0',
    'MIT, Apache-2.0',
    'meta',
    '',
    undefined,
  ])
    assert.equal(needsAcceptance(id), false, id);
});

test('terms and uses that are kept back are told from licences that let everybody use a model', () => {
  for (const id of ['gemma', 'CC-BY-NC-4.0', 'MIT, cc-by-nc-sa-4.0'])
    assert.equal(restrictsUse(id), true, id);
  for (const id of ['MIT', 'CC-BY-4.0', 'other', '']) assert.equal(restrictsUse(id), false, id);
});

test('names of licences are compared by their letters and digits, in any script', () => {
  assert.equal(plainLicense(' Apache License (2.0)'), plainLicense('apache-license-2-0'));
  assert.notEqual(plainLicense('许可证甲'), plainLicense('许可证乙'));
});
