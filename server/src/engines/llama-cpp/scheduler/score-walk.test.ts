import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenTree } from '../../language-worker/generation/token-tree.ts';
import { createScoreWalk } from './score-walk.ts';

const texts = [[5], [6, 7], [6, 7, 8], [6, 9, 8, 1], [4, 4], [6, 7], []].map((text) =>
  Uint32Array.from(text),
);

test('every token of every text is looked at behind exactly what stands before it, and shared ones once', () => {
  const tree = createTokenTree(texts);
  const walk = createScoreWalk(Uint32Array.from([1, 2]), tree);
  const looks: string[] = [];
  let evaluated = 0;
  do {
    for (let place = walk.lookFrom; place < walk.tokens.length; place += 1)
      for (const node of walk.nextOf(place)) {
        looks.push([...walk.tokens.subarray(2, place + 1), node.token].join(' '));
        node.logprob = -looks.length;
      }
    evaluated += walk.tokens.length - walk.lookFrom;
  } while (walk.advance());
  assert.deepEqual(looks.toSorted(), ['4', '4 4', '5', '6', '6 7', '6 7 8', '6 9', '6 9 8', '6 9 8 1']);
  // The last token of the prompt, and those that something follows: 6, 7, 9, 8, 4.
  assert.equal(evaluated, 1 + 5);
  for (const [index, path] of tree.paths.entries())
    assert.deepEqual(
      path.map(({ token }) => token),
      [...(texts[index] ?? [])],
    );
  assert.ok(tree.paths.flat().every(({ logprob }) => logprob < 0));
  assert.equal(tree.depth, 4);
});

test('a tree without texts needs the prompt alone', () => {
  const walk = createScoreWalk(Uint32Array.from([1, 2]), createTokenTree([]));
  assert.deepEqual([...walk.tokens], [1, 2]);
  assert.equal(walk.advance(), false);
});
