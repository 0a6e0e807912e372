import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsAcceptance } from './terms-of-license.ts';

test('terms of use are asked for by the name of the licence, notices are not', () => {
  for (const id of ['llama2', 'llama3.1', 'Llama3.2', 'gemma', 'qwen', 'qwen-research'])
    assert.equal(needsAcceptance(id), true, id);
  for (const id of ['apache-2.0', 'MIT', 'bsd-3-clause', 'cc-by-4.0', '', undefined])
    assert.equal(needsAcceptance(id), false, id);
});
