/** A token that some texts go on with. */
export interface TokenNode {
  readonly token: number;
  /** What comes behind it in one text or another, each token once. */
  readonly children: readonly TokenNode[];
  /** Natural logarithm of its probability behind what stands before it, by the model alone. Set by the engine. */
  logprob: number;
}

/** Texts that begin alike, as a tree of tokens: what they share is evaluated once. */
export interface TokenTree {
  readonly roots: readonly TokenNode[];
  /** Tokens of the longest text. */
  readonly depth: number;
  /** The nodes along each text, in the order in which the texts were given. */
  readonly paths: readonly (readonly TokenNode[])[];
}

interface GrowingNode extends TokenNode {
  readonly children: GrowingNode[];
  readonly byToken: Map<number, GrowingNode>;
}

export function createTokenTree(texts: readonly Uint32Array[]): TokenTree {
  const top = growingNode(-1);
  const paths = texts.map((text) => {
    let node = top;
    return Array.from(text, (token) => {
      node = childOf(node, token);
      return node;
    });
  });
  return { roots: top.children, depth: texts.reduce((most, { length }) => Math.max(most, length), 0), paths };
}

function childOf(parent: GrowingNode, token: number): GrowingNode {
  const known = parent.byToken.get(token);
  if (known !== undefined) return known;
  const made = growingNode(token);
  parent.byToken.set(token, made);
  parent.children.push(made);
  return made;
}

function growingNode(token: number): GrowingNode {
  return { token, children: [], byToken: new Map(), logprob: 0 };
}
