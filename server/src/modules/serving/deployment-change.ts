import type { ServedModel } from '../registry/index.ts';
import type { DeploymentOptions, Residency } from './deployment.ts';

/** What an operator sets; what is absent stays, `null` takes a choice back. */
export interface DeploymentChange {
  readonly residency?: Residency;
  readonly pinned?: boolean;
  /** From -100 to 100. */
  readonly priority?: number;
  /** 0: never for being idle. */
  readonly idleSeconds?: number | null;
  readonly engine?: string | null;
  readonly options?: { readonly [Name in OptionName]?: DeploymentOptions[Name] | null };
  /** Of an adapter: the version that it shall run on. */
  readonly base?: string | null;
  /** Sets a base whose lineage is another one all the same; the audit record says so. */
  readonly force?: boolean;
}

/** What of a version decides what can be set. */
export type KnownModel = Pick<ServedModel, 'name' | 'manifest'>;

export interface ChangedDeployment {
  readonly deploymentId: string;
  /** Its version, where the caller has read it. */
  readonly model?: KnownModel;
  /** How the audit record calls it; `deployment.set` when absent. */
  readonly action?: string;
}

type OptionName = 'contextTokens' | 'parallelSequences' | 'threads' | 'kvCache';
