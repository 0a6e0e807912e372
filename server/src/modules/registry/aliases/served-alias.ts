import type { ServedModel } from '../served-model.ts';
import type { FallbackKind } from './fallback-kind.ts';

export type AliasScope = 'project' | 'organization';

/** What callers of something that is on its way out are told. */
export interface Deprecation {
  readonly deprecatedAt: Date;
  /** When it is to be gone; `null`: nobody has said. */
  readonly sunsetAt: Date | null;
  /** The name to use instead. */
  readonly successor: string | null;
}

export interface ServedTarget {
  readonly model: ServedModel;
  /** Its share of the sum of all; more than 0. */
  readonly weight: number;
}

export interface ServedFallback {
  readonly model: ServedModel;
  readonly on: ReadonlySet<FallbackKind>;
}

/** An alias as the data path sees it: at least one of its targets can answer. */
export interface ServedAlias {
  readonly name: string;
  readonly scope: AliasScope;
  /** What stands for the alias where one model is asked about: its first target that can answer. */
  readonly primary: ServedModel;
  /** Targets that can answer and have a share, in their order; never empty. */
  readonly targets: readonly ServedTarget[];
  readonly totalWeight: number;
  /** In the order in which they are tried. */
  readonly fallbacks: readonly ServedFallback[];
  readonly deprecation: Deprecation | null;
}

/** An alias of one model and nothing else. */
export function plainAlias(name: string, model: ServedModel): ServedAlias {
  return {
    name,
    scope: 'project',
    primary: model,
    targets: [{ model, weight: 1 }],
    totalWeight: 1,
    fallbacks: [],
    deprecation: null,
  };
}
