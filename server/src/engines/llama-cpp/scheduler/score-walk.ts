import type { TokenNode, TokenTree } from '../../language-worker/generation/token-tree.ts';

/**
 * The way through a tree of continuations in one sequence: path after path, depth first, so that of each path only the
 * tokens are evaluated that it does not share with the one before. Tokens that end a text are never evaluated: their
 * probability is told by the token in front of them.
 */
export interface ScoreWalk {
  /** What the sequence is to hold now: the prompt and the current path. */
  readonly tokens: Uint32Array;
  /** The first place of `tokens` whose logits are wanted. */
  readonly lookFrom: number;
  /** What may stand behind the token at this place. */
  nextOf(place: number): readonly TokenNode[];
  /** Goes on to the next path; false when there is none. */
  advance(): boolean;
}

interface Branch {
  readonly node: TokenNode;
  /** Its place in the sequence. */
  readonly place: number;
}

export function createScoreWalk(prompt: Uint32Array, tree: TokenTree): ScoreWalk {
  const held = new Uint32Array(prompt.length + tree.depth);
  held.set(prompt);
  let length = prompt.length;
  let lookFrom = prompt.length - 1;
  let looked: (readonly TokenNode[])[] = [tree.roots];
  const branches: Branch[] = [];

  /** Notes what goes on behind `place`; returns the first, which is evaluated in the same piece. */
  const branch = (nodes: readonly TokenNode[], place: number): TokenNode | undefined => {
    const [first, ...others] = nodes.filter(({ children }) => children.length > 0);
    for (const node of others.reverse()) branches.push({ node, place });
    return first;
  };
  const root = branch(tree.roots, prompt.length);
  if (root !== undefined) branches.push({ node: root, place: prompt.length });

  return {
    get tokens() {
      return held.subarray(0, length);
    },
    get lookFrom() {
      return lookFrom;
    },
    nextOf: (place) => looked[place - lookFrom] ?? [],
    advance() {
      const next = branches.pop();
      if (next === undefined) return false;
      lookFrom = next.place;
      length = next.place;
      looked = [];
      for (let node: TokenNode | undefined = next.node; node !== undefined; ) {
        held[length] = node.token;
        looked.push(node.children);
        length += 1;
        node = branch(node.children, length);
      }
      return true;
    },
  };
}
