/** Cuts a vector to its first `dimensions` and gives it length 1 where the model's vectors have it. */
export function shapeVector(vector: Float32Array, dimensions: number, normalize: boolean): Float32Array {
  const cut = dimensions < vector.length ? vector.slice(0, dimensions) : vector;
  if (!normalize) return cut;
  let squares = 0;
  for (const value of cut) squares += value * value;
  const norm = Math.sqrt(squares);
  return norm === 0 ? cut : cut.map((value) => value / norm);
}
