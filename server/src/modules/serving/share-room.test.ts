import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from './deployment.ts';
import { type Rival, shareRoom } from './share-room.ts';

function rival(id: string, more: Partial<Rival> = {}): Rival {
  const deployment: Deployment = {
    id,
    organizationId: 'o',
    projectId: 'p',
    versionId: id,
    modelName: id,
    desired: 'on-demand',
    pinned: false,
    priority: 0,
    idleSeconds: null,
    removed: false,
    replicas: 1,
    demand: 1,
    releasedDemand: 0,
    options: {},
  };
  return { deployment, heldBytes: null, leastBytes: 20, mostBytes: 100, usedAt: 0, ...more };
}

function shared(leastBytes: number, rivals: readonly Rival[]): [number, string] {
  const { bytes, beside } = shareRoom(100, leastBytes, rivals);
  return [bytes, beside.map(({ deployment }) => deployment.id).join(' ')];
}

test('who is alone may take all that can be freed', () => {
  assert.deepEqual(shared(20, []), [100, '']);
});

test('what is in memory stays as it is when the newcomer is useful beside it', () => {
  assert.deepEqual(shared(20, [rival('a', { heldBytes: 70 })]), [30, 'a']);
  assert.deepEqual(shared(20, [rival('a', { heldBytes: 30 }), rival('b', { mostBytes: 25 })]), [45, 'a b']);
});

test('where it took too much for that, everybody gets an equal share, and small ones no more than they can use', () => {
  assert.deepEqual(shared(20, [rival('a', { heldBytes: 90 })]), [50, 'a']);
  assert.deepEqual(shared(20, [rival('a', { heldBytes: 90, mostBytes: 22 })]), [78, 'a']);
  assert.deepEqual(shared(60, [rival('a', { heldBytes: 90 })]), [80, 'a'], 'the other is useful with less');
});

test('of more than are useful together the least recently used are left out', () => {
  const rivals = [rival('old', { usedAt: 1 }), rival('new', { usedAt: 2 })];
  assert.deepEqual(shared(70, rivals), [80, 'new']);
  assert.deepEqual(shared(90, rivals), [100, '']);
});
