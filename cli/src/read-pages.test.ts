import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPages } from './read-pages.ts';

test('a list is read to its end, page by page, with its filters', async () => {
  const asked: string[] = [];
  const client = {
    get: async (path: string) => {
      asked.push(path);
      return asked.length === 1 ? { items: [1, 2], nextCursor: 'a/b' } : { items: [3], nextCursor: null };
    },
  };
  assert.deepEqual(await readPages(client, '/api/models?task=chat'), [1, 2, 3]);
  assert.deepEqual(asked, [
    '/api/models?task=chat&limit=1000',
    '/api/models?task=chat&limit=1000&cursor=a%2Fb',
  ]);
});

test('a server of an older release, which gives some lists without pages, is asked once', async () => {
  let asked = 0;
  const client = {
    get: async () => {
      asked += 1;
      assert.equal(asked, 1);
      return { items: ['v'] };
    },
  };
  assert.deepEqual(await readPages(client, '/api/models/m/versions'), ['v']);
});
