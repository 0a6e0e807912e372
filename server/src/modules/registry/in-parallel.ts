/** Runs at most so many at once; returns what came of each, in the order of the items. The first fault ends it. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const lanes = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [index, item] of left) results[index] = await run(item);
  });
  await Promise.all(lanes);
  return results;
}
