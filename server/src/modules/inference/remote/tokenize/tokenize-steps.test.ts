import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignChatReplica } from '../../../../../test/foreign-replica.ts';
import { versionId } from '../../../../../test/gateway.ts';
import type { RemoteTarget } from '../../../serving/index.ts';
import { tokenizeSteps } from './tokenize-steps.ts';

const { remote } = foreignChatReplica(versionId);
const target: RemoteTarget = {
  ...remote,
  flavour: 'samovar',
  upstreamModel: 'chat',
  capabilities: ['tokenize'],
};
const modelUri = 'gpt://0/chat/latest';

test('another installation is asked by the published service, whose answer tells ids, texts and control tokens', () => {
  const ofText = tokenizeSteps({ text: 'A b' }, target);
  assert.deepEqual(ofText.next().value, {
    path: '/foundationModels/v1/tokenize',
    body: { modelUri, text: 'A b' },
  });
  const tokens = [
    { id: '0', text: 'A', special: false },
    { id: '49', text: '', special: false },
    { id: '7', text: ' b', special: true },
  ];
  assert.deepEqual(ofText.next({ tokens }), {
    done: true,
    value: {
      tokens: [0, 49, 7],
      count: 3,
      pieces: tokens.map(({ text, special }) => ({ text, special })),
    },
  });
  const messages = [{ role: 'user', content: 'Hi' }];
  assert.deepEqual(tokenizeSteps({ messages }, target).next().value, {
    path: '/foundationModels/v1/tokenizeCompletion',
    body: { modelUri, messages: [{ role: 'user', text: 'Hi' }] },
  });
  assert.throws(() => tokenizeSteps({ messages, tools: [] }, target).next(), {
    code: 'engine.unsupported_operation',
  });
});

test('what another installation says that tells no tokens is no answer', () => {
  for (const said of [{}, { tokens: [null] }, { tokens: [{ id: '1' }] }, { tokens: [{ text: 'A' }] }]) {
    const steps = tokenizeSteps({ text: 'A' }, target);
    steps.next();
    assert.deepEqual(steps.next(said), { done: true, value: null }, JSON.stringify(said));
  }
});
