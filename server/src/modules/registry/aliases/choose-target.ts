import type { ServedModel } from '../served-model.ts';
import type { ServedAlias } from './served-alias.ts';

/**
 * The target that a request gets, by the targets' weights. The same point is always on the same side, and stays on
 * the side of a later target when that one's share grows.
 *
 * @param point from 0 up to 1; read only where there is a choice
 */
export function chooseTarget(alias: ServedAlias, point: () => number): ServedModel {
  const { targets } = alias;
  if (targets.length === 1) return alias.primary;
  const mark = point() * alias.totalWeight;
  let sum = 0;
  for (const { model, weight } of targets) {
    sum += weight;
    if (mark < sum) return model;
  }
  return targets.at(-1)?.model ?? alias.primary;
}
