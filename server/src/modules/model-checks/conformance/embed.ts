import type { Answer, AskedModel } from '../asked-model.ts';

export interface Embedded {
  readonly vectors: readonly (readonly number[])[];
  readonly answer: Answer;
}

/** The vectors of texts, in their order. */
export async function embed(asked: AskedModel, input: string | readonly string[]): Promise<Embedded> {
  const answer = await asked.ask({ path: '/v1/embeddings', body: { input, encoding_format: 'float' } });
  const [whole] = answer.objects;
  const data = Array.isArray(whole?.data) ? whole.data : [];
  const vectors = data
    .map((one: unknown) => Object(one) as { index?: number; embedding?: number[] })
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
    .map(({ embedding }) => (Array.isArray(embedding) ? embedding.map(Number) : []));
  return { vectors, answer };
}

/** From -1 to 1; 0 where there is nothing to compare. */
export function nearness(left: readonly number[] | undefined, right: readonly number[] | undefined): number {
  if (!left || !right || left.length !== right.length) return 0;
  const product = left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
  const length = (vector: readonly number[]) =>
    Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const lengths = length(left) * length(right);
  return lengths === 0 ? 0 : product / lengths;
}
