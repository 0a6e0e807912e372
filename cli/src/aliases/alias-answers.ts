/* What the console API answers about aliases, as far as the commands read it. */

export interface TargetAnswer {
  readonly model: string;
  readonly version: string | null;
}

interface TargetNowAnswer extends TargetAnswer {
  readonly state: string;
  readonly answeringVersion: string | null;
}

export interface SideAnswer {
  readonly requests: number;
  readonly failed: number;
  readonly firstByteP95Ms: number | null;
}

export interface CanaryAnswer {
  readonly id: string;
  readonly state: 'running' | 'promoted' | 'rolled-back' | 'stopped';
  readonly stable: TargetAnswer;
  readonly candidate: TargetAnswer;
  readonly steps: readonly { readonly percent: number; readonly holdSeconds: number }[];
  readonly step: number;
  readonly minRequests: number;
  /** How long a step waits for them; null: for ever. */
  readonly maxWaitSeconds: number | null;
  readonly whenQuiet: 'roll-back' | 'advance' | 'stop';
  readonly stepStartedAt: string;
  readonly seen: { readonly stable: SideAnswer; readonly candidate: SideAnswer } | null;
  readonly reason: string | null;
}

export interface AliasAnswer {
  readonly name: string;
  readonly scope: 'project' | 'organization';
  readonly own: boolean;
  readonly description: string;
  readonly targets: readonly (TargetNowAnswer & { readonly weight: number })[];
  readonly fallbacks: readonly (TargetNowAnswer & { readonly on: readonly string[] })[];
  readonly deprecation: {
    readonly deprecatedAt: string;
    readonly sunsetAt: string | null;
    readonly successor: string | null;
  } | null;
  readonly revision: number;
  readonly updatedAt: string;
  readonly canary: CanaryAnswer | null;
}

export interface AliasPageAnswer {
  readonly items: readonly AliasAnswer[];
  readonly nextCursor: string | null;
}

interface StateAnswer {
  readonly targets: readonly (TargetAnswer & { readonly weight: number })[];
  readonly fallbacks: readonly (TargetAnswer & { readonly on: readonly string[] })[];
}

export interface MovePageAnswer {
  readonly items: readonly {
    readonly id: string;
    readonly action: string;
    readonly before: StateAnswer | null;
    readonly after: StateAnswer | null;
    readonly reason: string | null;
    readonly by: string;
    readonly at: string;
  }[];
  readonly nextCursor: string | null;
}
